"""Makes the golden files of WeightGoldenTests with the libraries whose weights Martlet reads
(pip install torch torchvision timm transformers safetensors).

python3 make.py             writes, into its own folder, for each model the names and shapes of its
                            tensors and what it computes, and `shards`, a model in two files
python3 make.py write DIR   writes the models themselves, for `martlet import`
python3 make.py check DIR   reads what `martlet export` wrote to DIR and compares what it computes

A model's values follow from the names of its tensors (`filled`), here as in the test, so that no
large file is kept and nothing begins as zero or one.
"""
import json
import os
import shutil
import sys

import numpy
import safetensors.torch
import timm
import timm.layers
import timm.models.resnet
import torch
import torchvision
import transformers

FOLDER = os.path.dirname(os.path.abspath(__file__))


def uniform(name, shape):
    """Values in -1 ..< 1: SplitMix64 seeded with the FNV-1a hash of the name."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    count = int(numpy.prod(shape, dtype=numpy.int64))
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(seed) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(
            0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z = z ^ (z >> numpy.uint64(31))
    return ((z >> numpy.uint64(40)).astype(numpy.float64) / 2**23 - 1).reshape(shape)


def filled(name, shape):
    """A tensor's values: of ordinary size for what its name and shape say it is."""
    u = uniform(name, shape)
    if name.endswith("num_batches_tracked"):
        return torch.tensor(7)
    if len(shape) >= 2:
        value = u * numpy.sqrt(3 / numpy.prod(shape[1:], dtype=numpy.float64))
    elif name.endswith("running_var"):
        value = 1 + 0.5 * u
    elif name.endswith("weight"):
        value = 1 + 0.2 * u
    else:
        value = 0.2 * u
    return torch.from_numpy(numpy.asarray(value, dtype=numpy.float32))


def fill(model):
    model.load_state_dict({name: filled(name, tuple(old.shape))
                           for name, old in model.state_dict().items()})
    return model.eval()


def images(*shape):
    """[B, height, width, channels] as the test has them, for torch [B, channels, height, width]."""
    return torch.from_numpy(uniform("images", shape).astype(numpy.float32)).permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


# Each entry: the model without weights, and what it computes from inputs the golden file holds.

def clip():
    sizes = dict(num_hidden_layers=2, hidden_act="quick_gelu")
    config = transformers.CLIPConfig(
        text_config=dict(vocab_size=30, hidden_size=16, num_attention_heads=4, intermediate_size=40,
                         max_position_embeddings=8, bos_token_id=28, eos_token_id=29, **sizes),
        vision_config=dict(hidden_size=24, num_attention_heads=3, intermediate_size=48,
                           image_size=16, patch_size=4, **sizes),
        projection_dim=12)
    model = transformers.CLIPModel(config)
    texts = torch.tensor([[28, 5, 7, 29, 0, 0], [28, 1, 2, 3, 4, 29], [28, 29, 0, 0, 0, 0]])

    def outputs(model):
        text = model.text_model(texts)
        image = model.vision_model(images(2, 16, 16, 3), output_hidden_states=True)
        both = model(input_ids=texts, pixel_values=images(2, 16, 16, 3))
        return {
            "text tokens": text.last_hidden_state,
            "text": model.text_projection(text.pooler_output),
            "image states": torch.stack(image.hidden_states, 1),
            "image": model.visual_projection(image.pooler_output),
            "logits": both.logits_per_image,
        }
    return model, {"texts": texts}, outputs


BERT_SIZES = dict(vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
                  intermediate_size=40)


def encoder_outputs(texts, **inputs):
    def outputs(model):
        result = model(input_ids=texts, **inputs)
        return {"tokens": result.last_hidden_state, "pooled": result.pooler_output}
    return outputs


def bert():
    model = transformers.BertModel(transformers.BertConfig(max_position_embeddings=12, **BERT_SIZES))
    texts = torch.tensor([[2, 9, 11, 3, 21, 3, 0], [2, 5, 3, 0, 0, 0, 0], [2, 8, 7, 6, 5, 4, 3]])
    real = (texts != 0).long()
    kinds = torch.tensor([[0, 0, 0, 0, 1, 1, 0], [0] * 7, [0, 0, 0, 1, 1, 1, 1]])
    return (model, {"texts": texts, "real": real, "kinds": kinds},
            encoder_outputs(texts, attention_mask=real, token_type_ids=kinds))


def roberta():
    model = transformers.RobertaModel(transformers.RobertaConfig(
        max_position_embeddings=11, type_vocab_size=1, pad_token_id=1, layer_norm_eps=1e-5,
        **BERT_SIZES))
    texts = torch.tensor([[0, 9, 11, 2, 1, 1], [0, 5, 6, 7, 8, 2], [0, 2, 1, 1, 1, 1]])
    real = (texts != 1).long()
    return model, {"texts": texts, "real": real}, encoder_outputs(texts, attention_mask=real)


def timm_vit():
    model = timm.models.VisionTransformer(
        img_size=(24, 16), patch_size=8, embed_dim=24, depth=2, num_heads=3, mlp_ratio=2,
        num_classes=5)

    def outputs(model):
        x = images(2, 24, 16, 3)
        return {"tokens": model.forward_features(x), "logits": model(x)}
    return model, {}, outputs


def timm_vit_mean():
    model = timm.models.VisionTransformer(
        img_size=16, patch_size=4, embed_dim=16, depth=2, num_heads=4, num_classes=0,
        qkv_bias=False, class_token=False, global_pool="avg")
    return model, {}, lambda model: {"pooled": model(images(2, 16, 16, 3))}


def residual(model, side):
    def outputs(model):
        x = images(2, side, side, 3)
        maps = model.maxpool(torch.relu(model.bn1(model.conv1(x))))
        return {"first stage": channels_last(model.layer1(maps))[:, ::3, ::3, ::4], "logits": model(x)}
    return model, {}, outputs


def timm_resnet():
    return residual(timm.create_model("resnet18", num_classes=4), 64)


def timm_resnet_bottleneck():
    return residual(timm.models.resnet.ResNet(
        timm.models.resnet.Bottleneck, (1, 2, 1, 1), num_classes=4), 64)


def torchvision_resnet18():
    return residual(torchvision.models.resnet18(num_classes=10), 64)


def torchvision_resnet50():
    return residual(torchvision.models.resnet50(num_classes=10), 64)


MODELS = {
    "clip": clip, "bert": bert, "roberta": roberta, "timm-vit": timm_vit,
    "timm-vit-mean": timm_vit_mean, "timm-resnet": timm_resnet,
    "timm-resnet-bottleneck": timm_resnet_bottleneck,
    "torchvision-resnet18": torchvision_resnet18, "torchvision-resnet50": torchvision_resnet50,
}


def tensor_json(x):
    values = [float(f"{value:.7g}") for value in x.flatten().tolist()]
    return {"shape": list(x.shape), "values": values}


def write_golden(name, tensors, inputs, outputs, **more):
    versions = {module.__name__: module.__version__
                for module in (torch, torchvision, timm, transformers)}
    golden = {
        "madeWith": versions, "tensors": tensors,
        "inputs": {key: {"shape": list(x.shape), "values": x.flatten().tolist()}
                   for key, x in inputs.items()},
        "outputs": {key: tensor_json(x) for key, x in outputs.items()}, **more,
    }
    with open(os.path.join(FOLDER, name + ".json"), "w") as file:
        json.dump(golden, file, separators=(",", ":"))
        file.write("\n")


def shapes(model):
    return {name: list(x.shape) for name, x in model.state_dict().items()}


def make():
    for name, build in MODELS.items():
        model, inputs, outputs = build()
        write_golden(name, shapes(model), inputs, outputs(fill(model)))
    make_positions()
    make_shards()


def make_positions():
    """timm's way to bring position embeddings to other grids."""
    table = filled("positions", (1, 17, 6))
    outputs = {f"{rows}x{columns}": timm.layers.resample_abs_pos_embed(table, [rows, columns])
               for rows, columns in [(7, 7), (3, 3), (2, 9), (5, 4)]}
    write_golden("positions", {"positions": [1, 17, 6]}, {}, outputs)


def make_shards():
    """BertForPreTraining in bfloat16 and two files, with heads that an encoder has no use for."""
    _, inputs, outputs = bert()
    folder = os.path.join(FOLDER, "shards")
    shutil.rmtree(folder, ignore_errors=True)
    model = fill(transformers.BertForPreTraining(
        transformers.BertConfig(max_position_embeddings=12, **BERT_SIZES))).to(torch.bfloat16)
    model.save_pretrained(folder, max_shard_size="8KB")
    os.remove(os.path.join(folder, "config.json"))
    for name in os.listdir(folder):
        os.chmod(os.path.join(folder, name), 0o644)
    write_golden("shards", {}, inputs, outputs(model.float().bert))


def write(folder):
    for name, build in MODELS.items():
        model, _, _ = build()
        fill(model)
        path = os.path.join(folder, name)
        if hasattr(model, "save_pretrained"):
            model.save_pretrained(path)
        else:
            os.makedirs(path, exist_ok=True)
            safetensors.torch.save_file(model.state_dict(), os.path.join(path, "model.safetensors"))


def check(folder):
    for name, build in MODELS.items():
        path = os.path.join(folder, name)
        if not os.path.exists(os.path.join(path, "model.safetensors")):
            continue
        model, _, outputs = build()
        if hasattr(model, "from_pretrained"):
            model.config.save_pretrained(path)
            model = type(model).from_pretrained(path)
        else:
            model.load_state_dict(
                safetensors.torch.load_file(os.path.join(path, "model.safetensors")), strict=True)
        with open(os.path.join(FOLDER, name + ".json")) as file:
            golden = json.load(file)["outputs"]
        worst = 0.0
        for key, found in outputs(model.eval()).items():
            expected = torch.tensor(golden[key]["values"]).reshape(golden[key]["shape"])
            worst = max(worst, float((found - expected).abs().max()))
        print(f"{name}: largest difference {worst:.2g}")
        assert worst < 1e-4, name


if __name__ == "__main__":
    with torch.no_grad():
        if sys.argv[1:2] == ["write"]:
            write(sys.argv[2])
        elif sys.argv[1:2] == ["check"]:
            check(sys.argv[2])
        else:
            make()
