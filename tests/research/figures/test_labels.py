from carekit.method.metrics import METRICS
from carekit.research.figures.labels import label_of


def test_names_for_people_leave_numbers_and_other_names_as_they_are():
    assert label_of("mca") == METRICS["mca"].label and label_of("recall_df") == "recall of df"
    assert label_of(3) == 3 and label_of("a name") == "a name"
