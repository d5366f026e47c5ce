"""Explorers: what a lesson lets the learner touch. A pure function computes, a thin view shows."""
