"""What every storage is held to.

For a storage of your own, with pytest and Hypothesis installed::

    class TestMine(StorageContract):
        @pytest.fixture
        def storage(self):
            with MyStorage() as storage:
                yield storage
"""

from trimtab.testing.storage.amendments import AmendmentPromises
from trimtab.testing.storage.batches import BatchPromises
from trimtab.testing.storage.claims import ClaimPromises
from trimtab.testing.storage.histories import HistoryPromises
from trimtab.testing.storage.races import RacePromises
from trimtab.testing.storage.studies import StudyPromises
from trimtab.testing.storage.summaries import SummaryPromises
from trimtab.testing.storage.trials import TrialPromises
from trimtab.testing.storage.values import ValuePromises

__all__ = ["StorageContract"]


class StorageContract(
    StudyPromises,
    SummaryPromises,
    TrialPromises,
    BatchPromises,
    AmendmentPromises,
    ValuePromises,
    ClaimPromises,
    HistoryPromises,
    RacePromises,
):
    """Every promise of `trimtab.storage.Storage`; give it a fixture ``storage``."""
