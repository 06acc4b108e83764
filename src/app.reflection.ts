import type { Server } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProto } from 'grpc-health-check';
import {
  FileDescriptorProto,
  type IDescriptorProto,
  type IFileDescriptorProto,
} from 'protobufjs/ext/descriptor';

/** Adds server reflection to `grpc`, for the services of `inference` and the health service. */
export function addReflection(grpc: Server, inference: PackageDefinition): void {
  const definitions = Object.entries({ ...inference, ...loadSync(healthProto) });
  const described = definitions.map(([name, definition]) => {
    // A service has no descriptors of its own; the files of its messages describe it.
    const files = definition['fileDescriptorProtos'];
    return [
      name,
      Array.isArray(files) ? { ...definition, fileDescriptorProtos: files.map(renamed) } : definition,
    ];
  });
  new ReflectionService(Object.fromEntries(described) as PackageDefinition).addToServer(grpc);
}

/**
 * The encoded FileDescriptorProto `file` with map entries named as Protocol Buffers requires: protobufjs leaves out the
 * suffix `Entry`, and Go clients reject such files.
 */
function renamed(file: Buffer): Buffer {
  const descriptor = FileDescriptorProto.decode(file) as IFileDescriptorProto;
  for (const message of descriptor.messageType ?? []) renameEntries(message);
  return Buffer.from(FileDescriptorProto.encode(descriptor).finish());
}

function renameEntries({ field = [], nestedType = [] }: IDescriptorProto): void {
  for (const nested of nestedType) {
    renameEntries(nested);
    if (nested.options?.mapEntry !== true) continue;
    const map = field.find(({ typeName }) => typeName === nested.name)!;
    nested.name = map.typeName = entryName(map.name!);
  }
}

/** The name of the entry type of the map field `field`: `InputMapEntry` for `input_map`. */
function entryName(field: string): string {
  return `${field.replace(/(?:^|_)(.?)/g, (_, first: string) => first.toUpperCase())}Entry`;
}
