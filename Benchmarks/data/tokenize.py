"""Times how fast texts become token numbers: Martlet and Hugging Face tokenizers, in turn.

pip install tokenizers==0.23.3
swift build -c release --product martlet
python3 Benchmarks/data/tokenize.py [--texts FILE] [--vocabulary N] [--rounds N] [--core N]

The texts are the posts of ../shared/data/covid-fake-news (FILE has a text a line). A vocabulary of N
entries is learnt from them for each of the three kinds (WordPiece, byte-level BPE as RoBERTa and as
CLIP have it), saved as tokenizer.json, and read by both. Both run on one core with one thread, take
turns in each round, and begin each round with a fresh tokenizer. Times are processor times. The
numbers must be the same. Prints a Markdown table.
"""
import argparse
import csv
import glob
import json
import os
import statistics
import subprocess
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def posts(folder):
    texts = []
    for file in sorted(glob.glob(os.path.join(folder, "**", "*.csv"), recursive=True)):
        with open(file, newline="", encoding="utf-8") as lines:
            texts += [" ".join(row["tweet"].split()) for row in csv.DictReader(lines)]
    if not texts:
        raise SystemExit(f"{folder} has no posts: name a file with a text a line with --texts")
    return [text for text in texts if text]


def word_piece(texts, size):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        texts, trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, show_progress=False))
    return tokenizer


def roberta(texts, size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], show_progress=False))
    return tokenizer


def clip(texts, size):
    tokenizer = Tokenizer(models.BPE(
        unk_token="<|endoftext|>", end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(
            Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"),
            behavior="removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        end_of_word_suffix="</w>", special_tokens=["<|startoftext|>", "<|endoftext|>"],
        show_progress=False))
    return tokenizer


def ours(program, file, texts):
    text = subprocess.run(
        [program, "bench", "tokenize", file, texts, "--rounds", "1", "--json"], check=True,
        capture_output=True, text=True).stdout
    result = json.loads(text)
    return result["seconds"][0], result["tokens"]


def theirs(file, texts):
    tokenizer = Tokenizer.from_file(file)
    start = time.process_time()
    encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    seconds = time.process_time() - start
    return seconds, sum(len(encoding.ids) for encoding in encodings)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts")
    parser.add_argument("--program", default=os.path.join(ROOT, ".build/release/martlet"))
    parser.add_argument("--vocabulary", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    if options.texts:
        texts = [line.strip() for line in open(options.texts, encoding="utf-8") if line.strip()]
    else:
        texts = posts(os.path.join(ROOT, "../shared/data/covid-fake-news"))
    size = sum(len(text.encode()) for text in texts)
    print(f"{len(texts)} texts, {size / 1e6:.2f} MB, {options.rounds} rounds, core {options.core}\n")
    print("| | tokens | martlet, median s | tokenizers, median s | ratio, median | lowest | highest |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        list_file = os.path.join(folder, "texts.txt")
        with open(list_file, "w", encoding="utf-8") as out:
            out.write("\n".join(texts) + "\n")
        for name, make in [("WordPiece", word_piece), ("byte-level BPE, RoBERTa", roberta),
                           ("byte-level BPE, CLIP", clip)]:
            file = os.path.join(folder, "tokenizer.json")
            make(texts, options.vocabulary).save(file)
            mine, peers = [], []
            for _ in range(options.rounds):
                seconds, count = ours(options.program, file, list_file)
                other, expected = theirs(file, texts)
                if count != expected:
                    raise SystemExit(f"{name}: {count} tokens, tokenizers has {expected}")
                mine.append(seconds)
                peers.append(other)
            ratios = sorted(b / a for a, b in zip(mine, peers))
            print(f"| {name} | {count} | {statistics.median(mine):.4f} | {statistics.median(peers):.4f}"
                  f" | {statistics.median(ratios):.2f} | {ratios[0]:.2f} | {ratios[-1]:.2f} |")


main()
