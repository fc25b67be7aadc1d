"""Targets that are classes: logistic and softmax regression, and data that have no best weights."""
