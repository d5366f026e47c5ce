"""Where the paper disagrees with itself. A learner is told; nothing is smoothed over."""

from typing import NamedTuple


class Contradiction(NamedTuple):
    """What does not fit together, in one sentence, and the tables that it concerns."""

    tables: tuple[int, ...]
    text: str


CONTRADICTIONS = (
    Contradiction((1, 2, 6), "Table 1 sets τ = 0.7, but CSL + CARE in Table 2 is Table 6's row of τ = 0.5."),
    Contradiction(
        (2, 4, 5, 6, 7, 9, 10),
        "CSL + CARE at α = 0.5 and λ = 1 has MCA / DF recall 81.0 / 65.2 (Tables 2, 4; Table 6 at τ = 0.5), "
        "80.3 / 65.2 (Table 5), 80.6 / 86.9 (Table 7), 81.35 / 86.96 (Table 10, boxes by DeepLabV3).",
    ),
    Contradiction(
        (8, 9),
        "Hand-drawn boxes are the best in Table 8, without CSL; with CSL, DSR's 80.2 / 78.3 and DeepLabV3's "
        "81.4 / 86.7 (Table 9) beat the DF recall of hand-drawn ones in Tables 2 and 4.",
    ),
    Contradiction(
        (2, 4, 5, 6, 7, 9, 10), "CSL alone has MCA 77.2 (Table 2), 77.7 (Tables 4, 5, 6, 9, 10) or 75.9 (Table 7)."
    ),
    Contradiction((2, 4), "CSL alone has AUC 0.981 in Table 2 and 0.953 in Table 4."),
    Contradiction((2, 9), "Focal loss alone has MCA 71.5 in Table 2 and 72.0 in Table 9."),
    Contradiction(
        (2,), "All three strategies are said to beat the baseline; on skin FL (71.5) and DA (54.4) are below its 74.1."
    ),
    Contradiction(
        (2, 4), "CARE is said to raise the AUC; it falls for DA on chest films, ResNet18 on skin, VGG19 on chest films."
    ),
    Contradiction((4,), "VGG19 is said to be the best backbone; on skin its MCA is the lowest."),
    Contradiction(
        (2,),
        "The conclusions' ranges of gain, 2.5 to 4 points of MCA on skin and 25 to 38 of recall on chest films, leave "
        "out DA's 1.8 and the plain loss's 23.7.",
    ),
    Contradiction((10,), "The text has 89.96 for DF, the table 86.96."),
    Contradiction((5,), "α = 0.1 has DF recall 55.2, below the 56.5 without attention."),
    Contradiction(
        (2, 4, 5, 9, 10),
        "The test part has 23 DF images, so recall moves in steps of 4.35 points: several printed values cannot occur "
        "(IMPOSSIBLE).",
    ),
    Contradiction(
        (2, 4, 5, 6),
        "The test part has 21 'Lung Opacity' images; of the 21 different recalls that are printed only 33.3 is a "
        "multiple of 1/21.",
    ),
    Contradiction(
        (), "RSNA has 6012 images of 'Lung Opacity'; the paper has that number for 'No Lung Opacity / Not Normal'."
    ),
    Contradiction((3, 7), "BKL is also called PBK, and AKIEC is AKIE."),
)

# Recalls of the smallest class, in percent, that no share of its test images gives, rounded or cut off.
IMPOSSIBLE = {
    "skin": (55.2, 56.6, 60.3, 61.9, 65.1, 72.2, 86.7, 89.96),  # of 23; 89.96 stands in section 4.5
    "chest": (
        *(7.4, 11.1, 11.4, 15.2, 20.1, 25.5, 25.8, 28.8, 31.1, 31.3),  # of 21
        *(37.0, 38.3, 41.2, 42.6, 45.0, 45.2, 49.4, 50.7, 51.8, 51.9),
    ),
}
