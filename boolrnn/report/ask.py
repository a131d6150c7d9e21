"""Asking a report's questions: in turn, some beside in a second process, within the budget."""

import contextlib
import dataclasses
import time

from boolrnn import progress
from boolrnn.report.beside import Beside, beside
from boolrnn.report.questions import QUESTIONS, Asked, Asking, Names, Question, answered

NOT_ASKED = "not answered: the budget was used up"
INTERRUPTED = "not answered: interrupted"


def ask(asking: Asking, names: Names, part: int, budget: float | None) -> list[Asked]:
    """Every question with its answer, or why it has none.

    When the budget is used up or somebody interrupts, what is left is not asked (quick questions always are:
    a page needs them). Those that take long read the first `part` positions.
    """
    return _Round(asking, names, part, budget).run()


class _Round:
    """One round of questions."""

    def __init__(self, asking: Asking, names: Names, part: int, budget: float | None) -> None:
        self.asking, self.names = asking, names
        self.least = dataclasses.replace(asking, symbols=asking.symbols[: part + 1])
        self.cut = part + 1 if len(asking.symbols) > part + 1 else None
        self.end = None if budget is None else time.monotonic() + budget
        self.stopped: str | None = None
        self.answers: dict[str, Asked] = {}

    def run(self) -> list[Asked]:
        """Start the second process, answer the other questions here, then wait for it."""
        aside = [question for question in QUESTIONS if question.aside]
        with progress.bar("questions", len(QUESTIONS)) as tick, contextlib.ExitStack() as stack:
            second = beside(self.least, aside)
            if second is not None:
                stack.callback(second.close)
            here = [question for question in QUESTIONS if second is None or not question.aside]
            for question in here:
                tick(len(self.answers), question.verb)
                self._keep(question, None)
            for question in aside if second is not None else []:
                tick(len(self.answers), question.verb)
                self._keep(question, second)
        return [self.answers[question.verb] for question in QUESTIONS]

    def _keep(self, question: Question, second: Beside | None) -> None:
        """Answer one question, or say why not."""
        if self.end is not None and time.monotonic() > self.end:
            self.stopped = self.stopped or NOT_ASKED
        short = not question.whole
        asking = self.least if short else self.asking
        command = self.names.command(question.verb, question.typed(asking), self.cut if short else None)
        found = None
        if not (self.stopped and short):
            try:
                found = self._answer(question, command, asking, second)
                if getattr(found.result, "interrupted", False):  # the verb kept what it had
                    self.stopped = INTERRUPTED
            except TimeoutError:
                self.stopped = NOT_ASKED
            except KeyboardInterrupt:
                if question.whole:
                    raise
                self.stopped = INTERRUPTED
        self.answers[question.verb] = found or Asked(question, command, None, self.stopped, 0.0)

    def _answer(self, question: Question, command: str, asking: Asking, second: Beside | None) -> Asked:
        """From the second process; here, where there is none, or where it ended before its time."""
        found = None
        if second is not None:
            left = None if self.end is None else max(0.0, self.end - time.monotonic())
            found = second.answer(question, command, left)
        return found or answered(question, command, asking)
