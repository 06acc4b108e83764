import { installationOf } from '../../../src/cli/doctor/runtime';

it.each([
  [['libcudnn.so.9'], /^install cuDNN 9 .*DEVICE=cuda/],
  [['libcublas.so.13', 'libcudart.so.13', 'libcudnn.so.9'], /^install cuDNN 9 .* and the CUDA runtime /],
  [['libcuda.so.1'], /^install the NVIDIA driver;/],
  [['libother.so.1'], /^install them;/],
])('what to install for %j', (missing, text) => expect(installationOf(missing)).toMatch(text));
