"""The paper's tables and figures as studies: what is trained, what is measured, and what the paper says of it."""

from carekit.ground.registry import Registry
from carekit.research.studies import (
    alpha_tau,
    fig1,
    fig8,
    fig9,
    fig10,
    fig11,
    fig12,
    fig13,
    fig14,
    table2,
    table3,
    table4,
    table5,
    table6,
    table7,
    table8,
    table9,
    table10,
)
from carekit.research.studies.study import Comparison, Study

_TABLES = (table2, table3, table4, table5, table6, table7, table8, table9, table10)
_FIGURES = (fig1, fig8, fig9, fig10, fig11, fig12, fig13, fig14)
STUDIES: Registry[Study] = Registry("study", {each.STUDY.name: each.STUDY for each in (*_TABLES, *_FIGURES, alpha_tau)})

__all__ = ["STUDIES", "Comparison", "Study"]
