"""Makes the golden files of AugmentationGoldenTests with Pillow and torchvision.

pip install pillow==13.0.0 torch==2.15.0 torchvision==0.29.2 opencv-python-headless==5.0.0.93
python3 make.py        writes into its own folder: a picture and a mask made up here, what the
                       libraries make of them, and the same picture as JPEGs of every kind
"""
import json
import os

import cv2
import numpy
import torch
from PIL import Image, ImageDraw, ImageEnhance, ImageOps
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional
from torchvision.transforms.v2 import functional as functional2

FOLDER = os.path.dirname(os.path.abspath(__file__))
WIDTH, HEIGHT = 72, 52
BOX = (10.3, 5.7, 60.9, 45.2)
AFFINE = dict(angle=30, translate=[7, -4], scale=1.1, shear=[10, -5])


def picture():
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    planes = [
        128 + 100 * numpy.sin(x / 9) * numpy.cos(y / 7), 255 * x / WIDTH, 40 + 170 * y / HEIGHT]
    noise = numpy.random.RandomState(20261121).normal(0, 3, (HEIGHT, WIDTH, 3))
    image = Image.fromarray(
        numpy.clip(numpy.stack(planes, -1) + noise, 0, 255).astype(numpy.uint8))
    draw = ImageDraw.Draw(image)
    draw.ellipse((12, 8, 34, 30), fill=(230, 30, 40))
    draw.rectangle((40, 20, 64, 44), fill=(20, 60, 200))
    draw.line((0, 51, 71, 0), fill=(255, 255, 255), width=2)
    draw.rectangle((2, 40, 12, 50), fill=(90, 90, 90))
    return image


def mask():
    image = Image.new("L", (WIDTH, HEIGHT), 0)
    draw = ImageDraw.Draw(image)
    draw.ellipse((12, 8, 34, 30), fill=1)
    draw.rectangle((40, 20, 64, 44), fill=2)
    draw.polygon(((2, 50), (20, 34), (30, 51)), fill=3)
    return image


def save(name, image):
    image.save(os.path.join(FOLDER, name + ".png"), optimize=True)


def tensor_image(image, change):
    tensor = torch.from_numpy(numpy.array(image)).permute(2, 0, 1)
    return Image.fromarray(change(tensor).permute(1, 2, 0).numpy())


def pixels(image, truth):
    for name, filter in [("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)]:
        save(f"{name}-down", image.resize((31, 23), filter))
        save(f"{name}-up", image.resize((90, 61), filter))
        save(f"{name}-box", image.resize((32, 28), filter, box=BOX))
    save("nearest-box", truth.resize((32, 28), Image.NEAREST, box=BOX))
    for factor in [0.6, 1.4]:
        save(f"brightness-{factor}", ImageEnhance.Brightness(image).enhance(factor))
        save(f"contrast-{factor}", ImageEnhance.Contrast(image).enhance(factor))
        save(f"saturation-{factor}", ImageEnhance.Color(image).enhance(factor))
    save("gray", functional.to_grayscale(image, 3))
    save("solarized", ImageOps.solarize(image, 128))
    for turn in [0.2, -0.35]:
        save(f"hue-{turn}", tensor_image(image, lambda t: functional.adjust_hue(t, turn)))
    for sigma, size in [(0.7, 7), (2.0, 13)]:
        save(f"blur-{sigma}", tensor_image(
            image, lambda t: functional.gaussian_blur(t, [size, size], [sigma, sigma])))
    save("affine", functional.affine(
        image, interpolation=InterpolationMode.BILINEAR, fill=[124] * 3, **AFFINE))
    save("affine-mask", functional.affine(
        truth, interpolation=InterpolationMode.NEAREST, fill=[255], **AFFINE))
    save("flipped", functional.hflip(image))
    save("flipped-vertically", functional.vflip(image))


def places():
    boxes = [[12, 8, 35, 31], [40, 20, 65, 45], [0, 0, 72, 52], [60, 2, 71, 12]]
    points = [[12, 8], [35.5, 20.25], [71, 51], [0, 0]]
    shape = (HEIGHT, WIDTH)
    box = tv_tensors.BoundingBoxes(
        torch.tensor(boxes, dtype=torch.float32), format="XYXY", canvas_size=shape)
    point = tv_tensors.KeyPoints(torch.tensor(points), canvas_size=shape)

    def both(change):
        return {"boxes": change(box).tolist(), "points": change(point).tolist()}

    crop = dict(top=6, left=10, height=40, width=50, size=[28, 32])
    return {
        "boxes": boxes, "points": points,
        "affine": both(lambda value: functional2.affine(value, **AFFINE)),
        "crop": both(lambda value: functional2.resized_crop(value, **crop)),
        "flip": both(functional2.horizontal_flip),
    }


def jpegs(image):
    def save_jpeg(name, image, **options):
        image.save(os.path.join(FOLDER, name + ".jpg"), quality=88, **options)

    for name, subsampling in [("444", 0), ("422", 1), ("420", 2)]:
        save_jpeg(name, image, subsampling=subsampling)
    save_jpeg("progressive", image, progressive=True)
    save_jpeg("gray", image.convert("L"))
    save_jpeg("cmyk", image.convert("CMYK"))
    save_jpeg("restarts", image, restart_marker_blocks=2)
    # Pillow does not write these.
    for name, factor in [
            ("411", cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411),
            ("440", cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440)]:
        cv2.imwrite(
            os.path.join(FOLDER, name + ".jpg"), numpy.array(image)[:, :, ::-1],
            [cv2.IMWRITE_JPEG_QUALITY, 88, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor])


image, truth = picture(), mask()
save("picture", image)
save("mask", truth)
pixels(image, truth)
with open(os.path.join(FOLDER, "places.json"), "w") as file:
    json.dump(places(), file)
jpegs(image)
