"""Decide whether the custom model is better than its base, in these steps, a package for each:

- ``questions``: what is asked, and which arms (models) answer
- ``asking``: asks them, at the pace that they allow
- ``scoring``: metrics over answers, comparisons with intervals, slices
- ``gate``: the decision and what guards it
- ``methods``: what the customization method changes about all that
- ``report``: report.json and report.html

``run`` evaluates a run, ``offline`` a person's files, ``settings`` checks a recipe; ``sizes`` is how much is asked, and
``curves`` reads the curves of a training, and ``row_scores`` what each row scored. Metrics, normalisers and the
detector of language are beside this package, because rewards and the advice before a training use them too. Nothing
here talks to AWS: models are asked through :class:`tailor.llm.Asker`.
"""
