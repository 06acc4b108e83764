import type { Server } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProto } from 'grpc-health-check';
import {
  FileDescriptorProto,
  type IDescriptorProto,
  type IFileDescriptorProto,
} from 'protobufjs/ext/descriptor';

/** Lets clients ask `grpc` for the descriptors of the services of `inference` and of its health. */
export function addReflection(grpc: Server, inference: PackageDefinition): void {
  const definitions = Object.entries({ ...inference, ...loadSync(healthProto) });
  const described = definitions.map(([name, definition]) => {
    // A service has no files of its own: those of its messages describe it.
    const files = definition['fileDescriptorProtos'];
    return [
      name,
      Array.isArray(files) ? { ...definition, fileDescriptorProtos: files.map(renamed) } : definition,
    ];
  });
  new ReflectionService(Object.fromEntries(described) as PackageDefinition).addToServer(grpc);
}

/**
 * The encoded FileDescriptorProto `file` with the entries of maps named as Protocol Buffers demands: protobufjs leaves
 * out the `Entry`, and clients written in Go refuse such a file.
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

/** What the entry of the map field `field` is called: `input_map` has an `InputMapEntry`. */
function entryName(field: string): string {
  return `${field.replace(/(?:^|_)(.?)/g, (_, first: string) => first.toUpperCase())}Entry`;
}
