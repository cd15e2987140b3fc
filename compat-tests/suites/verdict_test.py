#!/usr/bin/env python3
"""Whether a run is judged as it should be: each way in which it can differ from what is written down is told."""
import unittest

from verdict import FAILED, NOT_RUN, PASSED, SKIPPED, allowed_in, better, findings_in, score, wrong

FINDINGS = """# Findings
- `not one`

## No transactions

They are not there.

- `commits (a, `b`)`
- `aborts`
"""


class Verdict(unittest.TestCase):
    def told(self, outcomes, allowed=("one",), findings=("two",)):
        return wrong(outcomes, list(allowed), list(findings))

    def test_as_written_down(self):
        for state in (FAILED, SKIPPED, NOT_RUN, PASSED):
            self.assertEqual(self.told({"one": (PASSED, ""), "two": (state, "")}), [])

    def test_one_that_must_pass_and_does_not(self):
        for state in (FAILED, SKIPPED, NOT_RUN):
            self.assertEqual(self.told({"one": (state, "because"), "two": (FAILED, "")}), [f"one: {state}: because"])

    def test_one_in_neither_list(self):
        for state in (PASSED, FAILED, SKIPPED, NOT_RUN):
            told = self.told({"one": (PASSED, ""), "two": (FAILED, ""), "new": (state, "")})
            self.assertEqual(len(told), 1)
            self.assertIn("new: ", told[0])

    def test_one_that_is_gone(self):
        self.assertEqual(len(self.told({"two": (FAILED, "")})), 1)
        self.assertEqual(len(self.told({"one": (PASSED, "")})), 1)

    def test_one_in_both_or_twice(self):
        outcomes = {"one": (PASSED, ""), "two": (FAILED, "")}
        self.assertEqual(len(self.told(outcomes, findings=("two", "one"))), 1)
        self.assertEqual(len(self.told(outcomes, allowed=("one", "one"))), 1)

    def test_what_the_files_say(self):
        self.assertEqual(allowed_in("# why\none two\n\nthree\n"), ["one two", "three"])
        self.assertEqual(findings_in(FINDINGS), ["commits (a, `b`)", "aborts"])

    def test_a_skipped_test_has_not_run(self):
        self.assertEqual(score({"a": (PASSED, ""), "b": (FAILED, ""), "c": (SKIPPED, ""), "d": (NOT_RUN, "")}), (4, 2, 1))

    def test_what_has_become_better(self):
        self.assertEqual(better({"two": (PASSED, "")}, ["two", "three"]), ["two"])


if __name__ == "__main__":
    unittest.main()
