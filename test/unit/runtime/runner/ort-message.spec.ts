import { ortMessage } from '../../../../src/runtime/runner/ort-message';

const SOURCE = '/onnxruntime_src/onnxruntime/core';
const FOLDER = '/srv/model store/m/1';

/** What ONNX Runtime 1.30 says of each mistake, word for word, and what is left for a reader. */
const TABLE: readonly (readonly [mistake: string, said: string, left: string])[] = [
  [
    'shapes that do not broadcast',
    `Non-zero status code returned while running Add node. Name:'' Status Message: ${SOURCE}/providers/cpu/math/element_wise_ops.h:563 void onnxruntime::BroadcastIterator::Init(ptrdiff_t, ptrdiff_t) axis == 1 || axis == largest was false. Attempting to broadcast an axis by a dimension other than 1. 3 by 4\n`,
    "Non-zero status code returned while running Add node. Name:'' Status Message: Attempting to broadcast an axis by a dimension other than 1. 3 by 4",
  ],
  [
    'a node that is named like a path',
    `Non-zero status code returned while running Add node. Name:'/model/layer.0/Add' Status Message: ${SOURCE}/providers/cpu/math/element_wise_ops.h:563 void onnxruntime::BroadcastIterator::Init(ptrdiff_t, ptrdiff_t) axis == 1 || axis == largest was false. Attempting to broadcast an axis by a dimension other than 1. 3 by 4\n`,
    "Non-zero status code returned while running Add node. Name:'/model/layer.0/Add' Status Message: Attempting to broadcast an axis by a dimension other than 1. 3 by 4",
  ],
  [
    'a shape with other elements',
    `Non-zero status code returned while running Reshape node. Name:'' Status Message: ${SOURCE}/providers/cpu/tensor/reshape_helper.h:91 onnxruntime::ReshapeHelper::ReshapeHelper(const onnxruntime::TensorShape&, onnxruntime::TensorShapeVector&, bool) input_shape_size == requested_shape_size was false. The input tensor cannot be reshaped to the requested shape. Input shape:{5}, requested shape:{2,3}\n`,
    "Non-zero status code returned while running Reshape node. Name:'' Status Message: The input tensor cannot be reshaped to the requested shape. Input shape:{5}, requested shape:{2,3}",
  ],
  [
    'a place that is named without its folder',
    "Non-zero status code returned while running MatMul node. Name:'' Status Message: matmul_helper.h:59 Compute MatMul dimension mismatch",
    "Non-zero status code returned while running MatMul node. Name:'' Status Message: MatMul dimension mismatch",
  ],
  [
    'a sentence after such a place',
    "Non-zero status code returned while running Concat node. Name:'' Status Message: concatbase.h:133 PrepareForComputeImpl Non concat axis dimensions must match: Axis 1 has mismatched dimensions of 4 and 3",
    "Non-zero status code returned while running Concat node. Name:'' Status Message: Non concat axis dimensions must match: Axis 1 has mismatched dimensions of 4 and 3",
  ],
  [
    'no place at all',
    "Non-zero status code returned while running Gather node. Name:'' Status Message: indices element out of data bounds, idx=99 must be within the inclusive range [-3,2]",
    "Non-zero status code returned while running Gather node. Name:'' Status Message: indices element out of data bounds, idx=99 must be within the inclusive range [-3,2]",
  ],
  [
    'an operator set of the future',
    `Load model from ${FOLDER}/model.onnx failed:${SOURCE}/graph/model_load_utils.h:46 void onnxruntime::model_load_utils::ValidateOpsetForDomain(const std::unordered_map<std::__cxx11::basic_string<char>, int>&, const onnxruntime::logging::Logger&, bool, const std::string&, int) ONNX Runtime only *guarantees* support for models stamped with official released onnx opset versions. Opset 99 is under development and support for this is limited. The operator schemas and or other functionality may change before next ONNX release and in this case ONNX Runtime will not guarantee backward compatibility. Current official support for domain ai.onnx.ml is till opset 5.\n`,
    'the model uses opset 99 of ai.onnx.ml, but this version of ONNX Runtime supports at most opset 5; export it with an older opset',
  ],
  [
    'an IR version of the future',
    `Load model from ${FOLDER}/model.onnx failed:${SOURCE}/graph/model.cc:202 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&, const onnxruntime::IOnnxRuntimeOpSchemaRegistryList*, const onnxruntime::logging::Logger&, const onnxruntime::ModelOptions&) Unsupported model IR version: 99, max supported IR version: 13\n`,
    'the model has IR version 99, but this version of ONNX Runtime supports at most 13; save it with an older IR version',
  ],
  [
    'a locale that is not installed',
    `Exception during initialization: ${SOURCE}/providers/cpu/text/string_normalizer.cc:235 onnxruntime::StringNormalizer::Locale::Locale(const std::string&)::<lambda()> Failed to construct locale with name:xx_YY:locale::facet::_S_create_c_locale name not valid:Please, install necessary language-pack-XX and configure locales\n`,
    'Exception during initialization: Failed to construct locale with name:xx_YY:locale::facet::_S_create_c_locale name not valid:Please, install necessary language-pack-XX and configure locales',
  ],
  [
    'a recurrent network by batch, with a signature of a template',
    `Exception during initialization: ${SOURCE}/providers/cpu/rnn/rnn.h:48 onnxruntime::RNN<T>::RNN(const onnxruntime::OpKernelInfo&) [with T = float] layout_ == 0 was false. Batchwise recurrent operations (layout == 1) are not supported. If you need support create a github issue with justification.\n`,
    'Exception during initialization: Batchwise recurrent operations (layout == 1) are not supported. If you need support create a github issue with justification.',
  ],
  [
    'an operator that there is not',
    `Load model from ${FOLDER}/model.onnx failed:This is an invalid model. In Node, ("", Frobnicate, "", -1) : ("x": tensor(float),) -> ("y": tensor(float),) , Error No Op registered for Frobnicate with domain_version of 17`,
    'This is an invalid model. In Node, ("", Frobnicate, "", -1) : ("x": tensor(float),) -> ("y": tensor(float),) , Error No Op registered for Frobnicate with domain_version of 17',
  ],
  [
    'a dimension that is not one',
    `Non-zero status code returned while running Squeeze node. Name:'' Status Message: ${SOURCE}/providers/cpu/tensor/squeeze.h:53 static onnxruntime::TensorShapeVector onnxruntime::SqueezeBase::ComputeOutputShape(const onnxruntime::TensorShape&, const onnxruntime::TensorShapeVector&) input_shape[i] == 1 was false. Dimension of input 1 must be 1 instead of 3. shape={2,3}\n`,
    "Non-zero status code returned while running Squeeze node. Name:'' Status Message: Dimension of input 1 must be 1 instead of 3. shape={2,3}",
  ],
  [
    'too little memory',
    `Non-zero status code returned while running ConstantOfShape node. Name:'' Status Message: ${SOURCE}/framework/bfc_arena.cc:360 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for requested buffer of size 140737488355328\n`,
    "Non-zero status code returned while running ConstantOfShape node. Name:'' Status Message: Failed to allocate memory for requested buffer of size 140737488355328",
  ],
  [
    'one place inside another',
    `Non-zero status code returned while running ConstantOfShape node. Name:'' Status Message: ${SOURCE}/framework/op_kernel.cc:83 virtual OrtValue* onnxruntime::OpKernelContext::OutputMLValue(int, const onnxruntime::TensorShape&) [ONNXRuntimeError] : 1 : FAIL : tensor.cc:57 CalculateTensorStorageSize Tensor shape.Size() must be >= 0\n`,
    "Non-zero status code returned while running ConstantOfShape node. Name:'' Status Message: Tensor shape.Size() must be >= 0",
  ],
  [
    'weights of another size',
    `Exception during initialization: ${SOURCE}/optimizer/initializer.cc:51 onnxruntime::Initializer::Initializer(const onnx::TensorProto&, const std::filesystem::__cxx11::path&) [ONNXRuntimeError] : 1 : FAIL : tensorprotoutils.cc:1469 ValidateEmbeddedTensorProtoDataSizeAndShape Initializer 'b': raw_data size (3 bytes) does not match expected size from shape and data type (20 bytes)\n`,
    "Exception during initialization: Initializer 'b': raw_data size (3 bytes) does not match expected size from shape and data type (20 bytes)",
  ],
  [
    'external data that are missing',
    `External data path validation failed for initializer: b. Error: tensorprotoutils.cc:461 ValidateExternalDataPathFromDir External data path does not exist: "${FOLDER}/weights.bin"`,
    'External data path validation failed for initializer: b. Error: External data path does not exist: "weights.bin"',
  ],
  [
    'a file that is gone',
    `Load model from ${FOLDER}/model.onnx failed:Load model ${FOLDER}/model.onnx failed. File doesn't exist`,
    "Load model model.onnx failed. File doesn't exist",
  ],
  [
    'a library that is missing',
    `${SOURCE}/session/provider_bridge_ort.cc:1988 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library /app/node_modules/onnxruntime-node/bin/linux/libonnxruntime_providers_shared.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory\n`,
    'Failed to load library libonnxruntime_providers_shared.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory',
  ],
  [
    'a CUDA device that fails, with the name of the host',
    `${SOURCE}/providers/cuda/cuda_call.cc:129 std::conditional_t<THRW, void, onnxruntime::common::Status> onnxruntime::CudaCall(ERRTYPE, const char*, const char*, SUCCTYPE, const char*, const char*, int) [with ERRTYPE = cudaError; bool THRW = true; SUCCTYPE = char [5]] CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=node-7 ; file=${SOURCE}/providers/cuda/cuda_execution_provider.cc ; line=282 ; expr=cudaSetDevice(info_.device_id);`,
    'CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; expr=cudaSetDevice(info_.device_id);',
  ],
  [
    'dimensions that are told on several lines',
    'Got invalid dimensions for input: x for the following indices\n index: 1 Got: 4 Expected: 3\n Please fix either the inputs/outputs or the model.',
    'Got invalid dimensions for input: x for the following indices index: 1 Got: 4 Expected: 3 Please fix either the inputs/outputs or the model.',
  ],
];

it.each(TABLE)('%s', (_mistake, said, left) => {
  expect(ortMessage(said, [FOLDER])).toBe(left);
  expect(ortMessage(left, [FOLDER])).toBe(left);
});

it.each([
  ['bool ns::Key::operator()(int) const', 'what is wrong (a lot)'],
  ['bool ns::Key::operator<(const ns::Key&) const', 'what is wrong'],
  ['bool ns::Key::operator[](int)', 'what is wrong'],
  ['auto ns::f(int)::<lambda(auto:1)>', 'what is wrong'],
  ['std::function<void(int)> ns::{anonymous}::make(std::function<int(char)>) noexcept', 'what is wrong'],
  ['auto ns::run(T) [with T = std::vector<int [2]>] const', 'what is wrong'],
])('leaves out the signature of %s', (signature, sentence) => {
  expect(ortMessage(`/build/src/a.cc:1 ${signature} ${sentence}`)).toBe(sentence);
});

it('keeps a condition that no sentence explains', () => {
  expect(ortMessage('/build/src/a.cc:1 void ns::f(int) rank > 0 was false. ')).toBe('rank > 0 was false.');
});
