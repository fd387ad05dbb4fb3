"""Provide the learners behind the stand-in's models: small, deterministic, honest.

They see what a job gives them and nothing else. They know nothing of how the data was made, and their figures say
nothing about real models.
"""
