// Writes tfjs_vectors.json: what TensorFlow.js itself makes of the detector's graph, for tests of rainmer_lib.evaluation.tfjs.
// npm install @tensorflow/tfjs@4.22.0; node tfjs_vectors.js <folder of nanodet.json and nanodet.bin> > tfjs_vectors.json
// Input (1, 3, 416, 416): ((y y + 3 x x + 50 c) mod 1024) / 256 - 2, exact in single precision.
// Of each output: shape, mean, root mean square, and every 997th value.
const fs = require('fs');
const tf = require('@tensorflow/tfjs');

async function main(folder) {
  await tf.setBackend('cpu');
  const model = JSON.parse(fs.readFileSync(`${folder}/nanodet.json`));
  const weightData = Uint8Array.from(fs.readFileSync(`${folder}/nanodet.bin`)).buffer;
  const network = await tf.loadGraphModel(tf.io.fromMemory({
    modelTopology: model.modelTopology, weightSpecs: model.weightsManifest[0].weights, weightData,
    signature: model.signature, format: model.format,
  }));
  const side = 416, input = new Float32Array(3 * side * side);
  for (let c = 0; c < 3; c++) for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) {
    input[(c * side + y) * side + x] = ((y * y + 3 * x * x + 50 * c) % 1024) / 256 - 2;
  }
  const names = Object.keys(model.signature.outputs);
  const outputs = network.execute({ input_1: tf.tensor(input, [1, 3, side, side]) }, names);
  const result = {};
  names.forEach((name, i) => {
    const values = Array.from(outputs[i].dataSync()), n = values.length;
    result[name.split(':')[0]] = {
      shape: outputs[i].shape,
      mean: values.reduce((a, b) => a + b, 0) / n,
      rms: Math.sqrt(values.reduce((a, b) => a + b * b, 0) / n),
      values: values.filter((_, k) => k % 997 === 0).map((v) => Number(v.toPrecision(7))),
    };
  });
  console.log(JSON.stringify({ tfjs: tf.version.tfjs, outputs: result }));
}
main(process.argv[2]);
