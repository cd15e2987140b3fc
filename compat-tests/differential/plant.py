"""Differences put into our own answers on purpose: each must be reported, or the comparison is blind there."""
import copy
import re

from differences import MASKED, explanation


def leaves(value, path=""):
    """(path without numbers, the container, its key) of each leaf."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in items:
        below = f"{path}.{key}".lstrip(".") if isinstance(value, dict) else path + "[]"
        if isinstance(one, (dict, list)) and one:
            yield from leaves(one, below)
        else:
            yield below, value, key


def altered(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return 5 if value > 10**12 else -7 if value > 0 else value + 1
    if isinstance(value, str):
        return value + "-planted"
    return ["planted"] if isinstance(value, list) else "planted"


def one_planted(report, talks, number, path):
    """Whether the difference is reported when the first leaf with that path is altered in one answer of ours."""
    kafka, ours = [list(talk.exchanges) for talk in talks]
    ours[number] = copy.deepcopy(ours[number])
    _, container, key = next(leaf for leaf in leaves(ours[number].answer) if leaf[0] == path)
    container[key] = altered(container[key])
    # An element that is told by another name now is reported as a whole.
    def is_there(found):
        found = re.sub(r"\[[^]]*\]", "[]", found)
        return found.startswith(path) or path.startswith(found)
    return any(one.number == number + 1 and is_there(one.path) and explanation(talks[0].scenario, one) is None
               for one in report.differences(talks, (kafka, ours)))


def planted(report, all_talks):
    """([what was altered], [what of it was not reported]): every field of every API that an answer had, once."""
    tried, missed = {}, []
    for talks in all_talks:
        wrong = {one.number for one in report.differences(talks)}
        for number, exchange in enumerate(talks[1].exchanges):
            if not isinstance(exchange.answer, dict) or number + 1 in wrong:
                continue
            for path in dict.fromkeys(path for path, _, _ in leaves(exchange.answer)):
                what = f"{exchange.api} {path}"
                if what not in tried and path.rsplit(".", 1)[-1] not in MASKED:
                    tried[what] = True
                    if not one_planted(report, talks, number, path):
                        missed.append(f"{what} in {talks[0].scenario}")
    return list(tried), missed
