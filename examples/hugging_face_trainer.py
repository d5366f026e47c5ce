"""CARE in a Hugging Face Trainer: `compute_loss` is all that changes."""

from transformers import Trainer

from carekit import Care


class CareTrainer(Trainer):
    """Batches hold pixel_values, labels and masks (b, h, w), 1 inside the boxes and empty where there is none.

    Give `TrainingArguments(remove_unused_columns=False)`, so that the masks reach the loss.
    """

    def __init__(self, *args, care: Care, layer: str | None = None, **options):
        super().__init__(*args, **options)
        self.care = care.watch(self.model, layer)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        outputs = model(pixel_values=inputs["pixel_values"])
        loss = self.care(outputs, inputs["labels"], inputs["masks"]).total
        return (loss, outputs) if return_outputs else loss
