"""Judges what is left of a corpus, and what Presidio's pattern recognisers leave of it, as a table.

    evaluate.py corpus.ndjson stripped.ndjson [--without-presidio]

A planted value counts as found when nothing longer than a scrap of it is left; an innocent property
counts as unchanged when it is the same JSON as before.
"""

import argparse
import json
import re
from collections import Counter, defaultdict

SCRAP = 4

# What Presidio must be sure of for a finding to count: its phone recogniser says 0.4.
SCORE_MIN = 0.4


def runs(value):
    """What must not be left of a value: the value, and for numbers in groups, their long groups."""
    return [value] + [group for group in re.findall(r"[0-9]{%d,}" % (SCRAP + 1), value)]


def leaks(value, after):
    return any(run in after for run in runs(value))


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from strings(member)
    elif isinstance(value, list):
        for element in value:
            yield from strings(element)


def presidio():
    """Presidio with its pattern recognisers for English and no language model, as a function from a
    text to the text with what it found taken out."""
    import tldextract
    from presidio_analyzer import RecognizerRegistry
    from presidio_analyzer.nlp_engine import NlpArtifacts

    # The list of public suffixes that comes with it, instead of a download.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    # Dates, URLs and UUIDs are not personal by themselves; the others need a model.
    left_out = {"SpacyRecognizer", "StanzaRecognizer", "DateRecognizer", "UrlRecognizer", "UuidRecognizer"}
    recognisers = [one for one in registry.recognizers if type(one).__name__ not in left_out]
    artifacts = NlpArtifacts([], [], [], [], None, "en")

    def strip(text):
        spans = []
        for recogniser in recognisers:
            for found in recogniser.analyze(text, recogniser.get_supported_entities(), artifacts) or []:
                if found.score >= SCORE_MIN:
                    spans.append((found.start, found.end))
        for start, end in sorted(spans, reverse=True):
            text = text[:start] + "\N{WHITE SQUARE}" + text[end:]
        return text

    return strip


def rebuilt(value, strip):
    if isinstance(value, str):
        return strip(value)
    if isinstance(value, dict):
        return {key: rebuilt(member, strip) for key, member in value.items()}
    if isinstance(value, list):
        return [rebuilt(element, strip) for element in value]
    return value


class Score:
    def __init__(self):
        self.found = Counter()
        self.kept = Counter()
        self.misses = defaultdict(list)

    def judge(self, line, after):
        if line["kind"] is None:
            same = after == line["properties"]
            self.kept[same] += 1
            if not same:
                self.misses["innocent"].append((line["properties"], after))
            return
        kind = "key" if line["way"] == "key" else line["kind"]
        gone = not leaks(line["value"], json.dumps(after, ensure_ascii=False))
        # What was planted is not in one piece in the JSON when it has line breaks in it.
        gone = gone and not any(leaks(line["value"], text) for text in strings(after))
        self.found[kind, gone] += 1
        if not gone:
            self.misses[kind].append((line["properties"], after))

    def recall(self, kinds):
        found = sum(self.found[kind, True] for kind in kinds)
        return found / max(1, found + sum(self.found[kind, False] for kind in kinds))

    def unchanged(self):
        return self.kept[True] / max(1, sum(self.kept.values()))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("corpus")
    options.add_argument("stripped")
    options.add_argument("--without-presidio", action="store_true")
    options.add_argument("--misses", type=int, default=0, help="show so many misses of each kind")
    chosen = options.parse_args()

    lines = [json.loads(line) for line in open(chosen.corpus, encoding="utf-8")]
    ours, theirs = Score(), Score()
    for line, after in zip(lines, open(chosen.stripped, encoding="utf-8"), strict=True):
        ours.judge(line, json.loads(after))
    if not chosen.without_presidio:
        strip = presidio()
        for line in lines:
            theirs.judge(line, rebuilt(line["properties"], strip))

    kinds = sorted({kind for kind, _ in ours.found})
    print("| kind | planted | Pharos | Presidio |\n| --- | ---: | ---: | ---: |")
    row = lambda name, count, values: print(f"| {name} | {count} | " + " | ".join(f"{value:.2%}" for value in values) + " |")
    for kind in kinds:
        planted = ours.found[kind, True] + ours.found[kind, False]
        row(kind, planted, [score.recall([kind]) for score in (ours, theirs)])
    row("**all planted**", sum(ours.found.values()), [score.recall(kinds) for score in (ours, theirs)])
    row("**innocent, unchanged**", sum(ours.kept.values()), [score.unchanged() for score in (ours, theirs)])
    for kind, missed in ours.misses.items():
        for before, after in missed[: chosen.misses]:
            print(f"{kind}: {json.dumps(before, ensure_ascii=False)} -> {json.dumps(after, ensure_ascii=False)}")


if __name__ == "__main__":
    main()
