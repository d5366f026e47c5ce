"""CARE in anyone's own training loop: `care = Care(alpha=0.5).watch(model)`, then `care(model(images), labels, boxes)`."""

from carekit.watch.watched import Seen, Watched

