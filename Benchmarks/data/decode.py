"""Times how fast JPEGs become training views: Martlet, torchvision on Pillow, OpenCV, in turn.

pip install pillow==13.0.0 torch==2.15.0 torchvision==0.29.2 opencv-python-headless==5.0.0.93
swift build -c release --product martlet
python3 Benchmarks/data/decode.py [--photos FOLDER] [--size WxH] [--rounds N] [--core N]

A view: decode a JPEG (500x375 if not told otherwise), crop at random (scale 0.08 to 1) to 224x224,
mirror by chance, jitter colours (0.4, 0.4, 0.4, 0.1), normalise to float32. All run on one core with
one thread, from bytes in memory, and take turns in each round. Times are processor times. Prints a
Markdown table.

The pictures are the photographs of FOLDER (../shared/data/coco-mini without it), each resized and
saved with quality 90, 4:2:0.
"""
import argparse
import glob
import io
import json
import math
import os
import random
import statistics
import subprocess
import tempfile
import time

import cv2
import numpy
import torch
from PIL import Image
from torchvision import transforms

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def make_pictures(photos, folder, count, size):
    files = sorted(glob.glob(os.path.join(photos, "**", "*.jpg"), recursive=True))[:count]
    if not files:
        raise SystemExit(f"{photos} has no .jpg files: name a folder of photographs with --photos")
    for index, file in enumerate(files):
        image = Image.open(file).convert("RGB").resize(size, Image.LANCZOS)
        image.save(os.path.join(folder, f"{index:04}.jpg"), quality=90, subsampling=2)


def torchvision_view():
    compose = transforms.Compose([
        transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(),
        transforms.ColorJitter(0.4, 0.4, 0.4, 0.1), transforms.ToTensor(),
        transforms.Normalize(MEAN, DEVIATION)])
    return lambda data: compose(Image.open(io.BytesIO(data)).convert("RGB"))


def crop_box(height, width):
    area = height * width
    for _ in range(10):
        target = area * random.uniform(0.08, 1)
        aspect = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(target * aspect)), round(math.sqrt(target / aspect))
        if 0 < w <= width and 0 < h <= height:
            return random.randint(0, height - h), random.randint(0, width - w), h, w
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side, side


def opencv_jitter(image):
    values = numpy.arange(256, dtype=numpy.float32)
    for change in random.sample(range(4), 4):
        if change == 0:
            table = values * random.uniform(0.6, 1.4)
            image = cv2.LUT(image, numpy.clip(table, 0, 255).astype(numpy.uint8))
        elif change == 1:
            mean = cv2.mean(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))[0]
            table = mean + random.uniform(0.6, 1.4) * (values - mean)
            image = cv2.LUT(image, numpy.clip(table, 0, 255).astype(numpy.uint8))
        elif change == 2:
            factor = random.uniform(0.6, 1.4)
            gray = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
            image = cv2.addWeighted(image, factor, gray, 1 - factor, 0)
        else:
            hue, saturation, value = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2HSV))
            turn = random.uniform(-0.1, 0.1) * 180
            hue = cv2.LUT(hue, ((values + turn) % 180).astype(numpy.uint8))
            image = cv2.cvtColor(cv2.merge((hue, saturation, value)), cv2.COLOR_HSV2RGB)
    return image


def opencv_view(flags):
    table = ((numpy.arange(256)[:, None] / 255 - MEAN) / DEVIATION)
    table = table.astype(numpy.float32).reshape(1, 256, 3)

    def view(data):
        image = cv2.imdecode(numpy.frombuffer(data, numpy.uint8), flags)
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        top, left, h, w = crop_box(*image.shape[:2])
        image = cv2.resize(
            image[top:top + h, left:left + w], (224, 224), interpolation=cv2.INTER_LINEAR)
        if random.random() < 0.5:
            image = cv2.flip(image, 1)
        return cv2.LUT(opencv_jitter(image), table)
    return view


def peer(view, data):
    for item in data[:4]:
        view(item)
    start = time.process_time()
    for item in data:
        view(item)
    return (time.process_time() - start) / len(data)


def ours(program, folder):
    text = subprocess.run(
        [program, "bench", "decode", folder, "--rounds", "1", "--json"], check=True,
        capture_output=True, text=True).stdout
    return {f"martlet, {row['way']}": row["secondsPerPicture"][0] for row in json.loads(text)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", default=os.path.join(ROOT, "../shared/data/coco-mini"))
    parser.add_argument("--program", default=os.path.join(ROOT, ".build/release/martlet"))
    parser.add_argument("--size", default="500x375")
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    random.seed(1)
    peers = {
        "torchvision on Pillow": torchvision_view(),
        "OpenCV": opencv_view(cv2.IMREAD_COLOR),
        "OpenCV, half size always": opencv_view(cv2.IMREAD_REDUCED_COLOR_2)}
    times = {}
    with tempfile.TemporaryDirectory() as folder:
        pixels = tuple(int(side) for side in options.size.split("x"))
        make_pictures(options.photos, folder, options.pictures, pixels)
        data = [open(file, "rb").read() for file in sorted(glob.glob(folder + "/*.jpg"))]
        for _ in range(options.rounds):
            for name, seconds in ours(options.program, folder).items():
                times.setdefault(name, []).append(seconds)
            for name, view in peers.items():
                times.setdefault(name, []).append(peer(view, data))
    size = sum(map(len, data)) / len(data) / 1000
    print(f"{len(data)} pictures of {options.size}, {size:.0f} kB, {options.rounds} rounds, core {options.core}\n")
    print("| | median ms | fastest | slowest | × torchvision | × OpenCV |")
    print("|---|---|---|---|---|---|")
    for name, seconds in times.items():
        against = [
            statistics.median(b / a for a, b in zip(seconds, times[other]))
            for other in ["torchvision on Pillow", "OpenCV"]]
        print(f"| {name} | {statistics.median(seconds) * 1e3:.3f} | {min(seconds) * 1e3:.3f} | "
              f"{max(seconds) * 1e3:.3f} | {against[0]:.2f} | {against[1]:.2f} |")


main()
