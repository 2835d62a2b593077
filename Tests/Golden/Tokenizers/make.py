"""Makes the golden files of TokenizerTests with Hugging Face's tokenizers (pip install tokenizers).

python3 make.py        writes into its own folder: vocabularies trained on made-up text, and
                       golden.jsonl.gz with 10,000 strings and a hash of their numbers
"""
import gzip
import json
import os
import random

from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
    trainers)

FOLDER = os.path.dirname(os.path.abspath(__file__))
RANDOM = random.Random(20261121)
WORDS = """the of and to in a is that for it was on are as with his they at be this have from or
one had by word but not what all were we when your can said there use an each which she do how
their if will up other about out many then them these so some her would make like him into time has
look two more write go see number no way could people my than first water been call who oil its now
find long down day did get come made may part segmentation embedding gradient tensor network
training cluster worker replica temperature contrastive Überraschung naïve café résumé Straße Zürich
coöperate façade jalapeño smörgåsbord piñata über Ångström Łódź Kraków İstanbul Ελλάδα σοφός
ОЧЕНЬ привет мир здравствуйте москва שלום עולם مرحبا بالعالم नमस्ते दुनिया สวัสดี ชาวโลก 안녕하세요 세계
こんにちは 世界 カタカナ ひらがな 漢字 中文 测试 数据 𠮷野家 don't it's we've they'll I'd you're I'm o'clock
covid vaccine hospital minister report claim false news real tweet http https www com RT""".split()
EMOJI = "😀 😂 🥲 👍🏽 👩‍👩‍👧‍👦 🇩🇪 🏳️‍🌈 ❤️ ✨ 🦜 ☃️ ½ ² Ⅷ ① ㊗ € £ ¥ ₿ ™ © ® … – — ‘ ’ “ ” « » ¿ ¡".split()
CONTROL = ["\x00", "\x01", "\x07", "\x0b", "\x0c", "\x1f", "\x7f", "\x85", "\u200b", "\u200d",
           "\u2028", "\u2029", "\ufeff", "\ufffd", "\u00ad", "\u202e", "\ue000"]
SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", " \n ", "\u00a0", "\u3000", "\u2009"]
MARKS = ["\u0301", "\u0308", "\u0327", "\u0323", "\u20dd", "\u093f", "\u0e31", "\u302e"]
PUNCTUATION = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
SPECIAL = ["[MASK]", "[CLS]", "<mask>", "<s>", "</s>", "<|endoftext|>", "<|startoftext|>", "[UNK]"]


def anything():
    while True:
        code = RANDOM.choice([RANDOM.randrange(0x250), RANDOM.randrange(0x3000),
                              RANDOM.randrange(0x10000), RANDOM.randrange(0x20000),
                              RANDOM.randrange(0x110000)])
        if not 0xD800 <= code <= 0xDFFF:
            return chr(code)


def word():
    kind = RANDOM.random()
    if kind < 0.62:
        text = RANDOM.choice(WORDS)
        return RANDOM.choice([text, text, text, text.upper(), text.capitalize()])
    if kind < 0.70:
        return str(RANDOM.randrange(10 ** RANDOM.randrange(1, 9)))
    if kind < 0.78:
        return "".join(RANDOM.choice(PUNCTUATION) for _ in range(RANDOM.randrange(1, 5)))
    if kind < 0.84:
        return RANDOM.choice(EMOJI)
    if kind < 0.88:
        return RANDOM.choice(WORDS) + RANDOM.choice(MARKS) + RANDOM.choice(WORDS)
    if kind < 0.91:
        return RANDOM.choice(WORDS)[:3] + RANDOM.choice(CONTROL) + RANDOM.choice(WORDS)
    if kind < 0.96:
        return "".join(anything() for _ in range(RANDOM.randrange(1, 6)))
    if kind < 0.98:
        return "".join(RANDOM.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(
            RANDOM.choice([12, 40, 99, 100, 101, 130])))
    if kind < 0.99:
        return "".join(RANDOM.choice(WORDS) for _ in range(RANDOM.randrange(2, 30)))
    return RANDOM.choice(SPECIAL)


def string():
    text = RANDOM.choice(["", "", "", " ", "\n"])
    for _ in range(RANDOM.choice([0, 1, 2, 3, 5, 8, 12])):
        text += word() + RANDOM.choice([" "] * 8 + SPACES + [""])
    return text


def hashed(numbers):
    value = 0xCBF29CE484222325
    for number in numbers:
        for shift in (0, 8, 16, 24):
            value = ((value ^ (number >> shift & 255)) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def path(name):
    return os.path.join(FOLDER, name)


corpus = [" ".join(RANDOM.choice(WORDS) for _ in range(12)) for _ in range(4000)]
corpus += [string() for _ in range(2000)]

bert = Tokenizer(models.WordPiece(unk_token="[UNK]"))
bert.normalizer = normalizers.BertNormalizer(lowercase=True)
bert.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
bert.train_from_iterator(corpus, trainers.WordPieceTrainer(
    vocab_size=3000, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    show_progress=False))
symbols = sorted(bert.get_vocab().items(), key=lambda item: item[1])
# White space within a symbol cannot be kept in vocab.txt.
symbols = [symbol for symbol, _ in symbols]
with open(path("vocab.txt"), "w", encoding="utf-8", newline="\n") as file:
    file.write("".join(symbol + "\n" for symbol in symbols))
vocabulary = {symbol: number for number, symbol in enumerate(symbols)}
bert.model = models.WordPiece(vocabulary, unk_token="[UNK]")
bert.post_processor = processors.BertProcessing(
    ("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
bert.decoder = decoders.WordPiece()
bert.save(path("bert-tokenizer.json"), pretty=False)

cased = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
cased.normalizer = normalizers.BertNormalizer(lowercase=False)
cased.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
cased.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])

roberta = Tokenizer(models.BPE())
roberta.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
roberta.train_from_iterator(corpus, trainers.BpeTrainer(
    vocab_size=2000, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False))
roberta.model.save(FOLDER)  # vocab.json, merges.txt
vocabulary = json.load(open(path("vocab.json"), encoding="utf-8"))
vocabulary["<mask>"] = len(vocabulary)
json.dump(vocabulary, open(path("vocab.json"), "w", encoding="utf-8"), ensure_ascii=False)
roberta = Tokenizer(models.BPE.from_file(path("vocab.json"), path("merges.txt")))
roberta.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
roberta.add_special_tokens([
    AddedToken(symbol, lstrip=symbol == "<mask>", normalized=False)
    for symbol in ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]])
roberta.post_processor = processors.RobertaProcessing(
    ("</s>", vocabulary["</s>"]), ("<s>", vocabulary["<s>"]), add_prefix_space=False)
roberta.decoder = decoders.ByteLevel()
roberta.save(path("roberta-tokenizer.json"), pretty=False)
prefixed = Tokenizer.from_str(roberta.to_str())
prefixed.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)


def clip_parts(tokenizer):
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(
            Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed",
            invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False)])
    return tokenizer


learner = clip_parts(Tokenizer(models.BPE(end_of_word_suffix="</w>")))
learner.train_from_iterator(corpus, trainers.BpeTrainer(
    vocab_size=1600, end_of_word_suffix="</w>", show_progress=False))
learned = json.loads(learner.to_str())["model"]["merges"]
characters = pre_tokenizers.ByteLevel.alphabet()
table = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
order = table + [byte for byte in range(256) if byte not in table]
letters = [chr(byte) for byte in table] + [chr(256 + i) for i in range(256 - len(table))]
assert sorted(letters) == sorted(characters)
merges = [tuple(merge) for merge in learned]
with gzip.GzipFile(path("bpe_simple_vocab.txt.gz"), "wb", mtime=0) as file:
    file.write("".join(["#version: 0.2\n"] + [f"{a} {b}\n" for a, b in merges]).encode())
symbols = letters + [letter + "</w>" for letter in letters] + [a + b for a, b in merges]
symbols += ["<|startoftext|>", "<|endoftext|>"]
clip = clip_parts(Tokenizer(models.BPE(
    {symbol: number for number, symbol in enumerate(symbols)}, merges, unk_token="<|endoftext|>",
    end_of_word_suffix="</w>")))
clip.add_special_tokens([
    AddedToken(symbol, normalized=False) for symbol in ["<|startoftext|>", "<|endoftext|>"]])
start, end = clip.token_to_id("<|startoftext|>"), clip.token_to_id("<|endoftext|>")
clip.post_processor = processors.RobertaProcessing(
    ("<|endoftext|>", end), ("<|startoftext|>", start), trim_offsets=False,
    add_prefix_space=False)
clip.save(path("clip-tokenizer.json"), pretty=False)

tokenizers = {
    "bert": bert, "cased": cased, "roberta": roberta, "prefixed": prefixed, "clip": clip}
texts = [string() for _ in range(9990)]
texts += ["a" * 3000, "ab" * 5000, "é" * 2000, "!" * 4000, "中" * 500, "a\u0301" * 700, "",
          " " * 300, "\n" * 200, "x" * 48 + " " + "x" * 49 + " " + "y" * 50]
with gzip.GzipFile(path("golden.jsonl.gz"), "wb", mtime=0) as file:
    for index, text in enumerate(texts):
        row = {"text": text}
        for name, tokenizer in tokenizers.items():
            numbers = tokenizer.encode(text, add_special_tokens=False).ids
            row[name] = hashed(numbers)
            if index < 50:
                row[name + "-numbers"] = numbers
        file.write((json.dumps(row) + "\n").encode())

# Rows as models read them: one text or two, cut and padded.
rows = []
for name, tokenizer, padding in [("bert", bert, "[PAD]"), ("roberta", roberta, "<pad>")]:
    for index in range(200):
        length = RANDOM.choice([8, 9, 16, 33, 64])
        tokenizer.enable_truncation(length, strategy="longest_first")
        tokenizer.enable_padding(
            pad_id=tokenizer.token_to_id(padding), pad_token=padding, length=length)
        first, second = string(), string() if index % 3 else None
        row = tokenizer.encode(first, second) if second is not None else tokenizer.encode(first)
        rows.append({"tokenizer": name, "first": first, "second": second, "length": length,
                     "numbers": row.ids, "mask": row.attention_mask, "types": row.type_ids})
with gzip.GzipFile(path("rows.json.gz"), "wb", mtime=0) as file:
    file.write(json.dumps(rows).encode())
