"""The strategies in plain words, one sentence each."""

from typing import NamedTuple

import pandas as pd

from carekit.strategies import STRATEGIES


class InWords(NamedTuple):
    """What a strategy changes, and how, for someone who has not met it."""

    changes: str
    how: str


IN_WORDS = {
    "plain": InWords("nothing", "Each image counts alike and is seen once an epoch."),
    "weighted": InWords("the loss", "CSL: an image of a class with n_c of n images in C classes counts n / (C n_c)."),
    "effective_number": InWords("the loss", "As CSL, but the tenth image of a class brings less than the first."),
    "focal": InWords("the loss", "What the network already gets right counts less, of whatever class it is."),
    "weighted_focal": InWords("the loss", "Focal loss and class weights at once."),
    "balanced_softmax": InWords(
        "the loss", "In training, a class's score gets the logarithm of its share added, so it need not learn it."
    ),
    "logit_adjustment": InWords("the answer", "Plain training; then the logarithm of its share is taken off a score."),
    "ldam": InWords(
        "the loss", "The true class must win by a margin, larger for rarer classes; class weights come at the end."
    ),
    "oversampling": InWords("what is drawn", "Every class as often as the largest: rare images again and again."),
    "undersampling": InWords("what is drawn", "Every class as often as the smallest: other images each epoch."),
    "augmentation": InWords("the images", "Turned by any angle and coloured anew, the box with its image."),
    "mixup": InWords("the images", "Another image shines through; both labels count by their share; the box stays."),
    "cutmix": InWords("the images", "A patch comes from another image; what it covers of a box is box no more."),
    "siamese": InWords(
        "the loss", "Pairs of one class are pulled together, others pushed apart; the nearest class mean answers."
    ),
    "triplet": InWords(
        "the loss", "An image must be nearer to its own class than to another, by a margin; the nearest mean answers."
    ),
    "decoupling": InWords(
        "what is trained", "Early layers stay; the last convolution and the classifier see all classes equally often."
    ),
    "crt": InWords("what is trained", "Features stay; a new classifier is trained on classes drawn equally often."),
    "tau_norm": InWords("the answer", "Plain training; then the classifier's weights of all classes get one length."),
    "lws": InWords("what is trained", "Everything stays but one factor for each class's score."),
}


def table_of_words() -> pd.DataFrame:
    """One row a strategy: what it changes, how, and whether kept features of frozen layers will do."""
    rows = {
        name: {
            "changes": words.changes,
            "how": words.how,
            "trains on": "images" if STRATEGIES[name].needs_images else "kept features",
        }
        for name, words in IN_WORDS.items()
    }
    return pd.DataFrame(rows).T
