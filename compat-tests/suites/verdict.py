"""What a client's own tests came to, held against what is written down about them.

tests.allow holds one test a line: those that must pass. FINDINGS.md holds the others: a heading and a text that tell a cause, then
`- TEST` for each test that does not pass for it. Each test that the suite lists is in exactly one of the two.
"""
import re

PASSED, FAILED, SKIPPED, NOT_RUN = "passed", "failed", "skipped", "not run"
RAN = (PASSED, FAILED)


def allowed_in(text):
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def findings_in(text):
    """The tests below the headings; a text that mentions one above the first heading does not count."""
    return re.findall(r"^- `(.+)`$", text[text.find("\n## "):] if "\n## " in text else "", re.M)


def wrong(outcomes, allowed, findings):
    """What is not as written down, one line each. `outcomes`: test -> (state, why)."""
    said = []
    for name in sorted(set(allowed) & set(findings)):
        said.append(f"{name}: both in tests.allow and in FINDINGS.md")
    for names in (allowed, findings):
        said += [f"{name}: written down twice" for name in sorted(set(names)) if names.count(name) > 1]
    for name, (state, why) in outcomes.items():
        if name in allowed and state != PASSED:
            said.append(f"{name}: {state}: {why}")
        elif name not in allowed and name not in findings:
            said.append(f"{name}: {state}, and neither in tests.allow nor in FINDINGS.md: {why}")
    known = list(dict.fromkeys([*allowed, *findings]))
    said += [f"{name}: written down, but the suite does not list it" for name in known if name not in outcomes]
    return said


def score(outcomes):
    states = [state for state, _ in outcomes.values()]
    return len(states), sum(state in RAN for state in states), states.count(PASSED)


def better(outcomes, findings):
    """Those that pass though FINDINGS.md has them."""
    return [name for name in findings if outcomes.get(name, (FAILED, ""))[0] == PASSED]
