"""The question of lesson 0: what did the network learn?"""

from carekit.course.exercises.exercise import Choice

DETECTIVE = Choice(
    name="detective",
    lesson=0,
    title="Close the case",
    minutes=1,
    level="warm-up",
    cell="exercise",
    variable="my_verdict",
    task="Why does the ordinary network give so many inked pictures the rare name?",
    choices={
        "a": ("its pictures are too small to see the lesion", "the other network sees the very same pictures."),
        "b": ("it has seen too few nevi", "nevi are the class of which it has seen the most."),
        "c": (
            "in its training, ink went with the rare disease",
            "ink was the easiest way to be right, so it was learned.",
        ),
        "d": (
            "it is older, and was trained for a shorter time than the other",
            "both were trained for the same number of epochs.",
        ),
        "e": ("ink changes the disease", "the disease is the same with and without it: only the picture has changed."),
    },
    right="c",
    so_what="Such a short cut is learned wherever something that is no disease goes with one: ink, rulers, a "
    "hospital's label.",
)

EXERCISES = (DETECTIVE,)
