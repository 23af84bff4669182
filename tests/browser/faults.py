"""What a test's pages complain of."""


class Faults(list[str]):
    """The complaints, of which some are told late, after what they are about is long on the page.

    Attributes:
        provoked: Words of those that the test means to bring about.
    """

    def __init__(self) -> None:
        super().__init__()
        self.provoked: list[str] = []

    @property
    def unmeant(self) -> list[str]:
        """Those that no test meant."""
        return [each for each in self if not any(word in each for word in self.provoked)]
