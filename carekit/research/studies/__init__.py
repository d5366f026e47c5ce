"""The paper's tables and figures as studies: what is trained, what is measured, and what the paper says of it."""

from carekit.research.studies.catalogue import STUDIES
from carekit.research.studies.study import Comparison, Study

__all__ = ["STUDIES", "Comparison", "Study"]
