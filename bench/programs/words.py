"""Counts words of a made-up text, solves eight queens, and prints what it found: what scripts do."""
import json
import re


def text(words):
    state = 12345
    syllables = ["ka", "lo", "mi", "ren", "tu", "vas", "el", "or", "dun", "fi"]
    for _ in range(words):
        parts = []
        for _ in range(2 + state % 3):
            state = (state * 1103515245 + 12345) % 2**31
            parts.append(syllables[(state >> 16) % len(syllables)])
        yield "".join(parts)


def queens(size, row=0, columns=frozenset(), up=frozenset(), down=frozenset()):
    if row == size:
        return 1
    return sum(
        queens(size, row + 1, columns | {c}, up | {row + c}, down | {row - c})
        for c in range(size)
        if c not in columns and row + c not in up and row - c not in down
    )


counts = {}
for word in re.findall(r"[a-z]+", " ".join(text(20000))):
    counts[word] = counts.get(word, 0) + 1
common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:10]
again = json.loads(json.dumps({"words": len(counts), "common": common, "queens": queens(7)}, sort_keys=True))
print(json.dumps(again, sort_keys=True))
