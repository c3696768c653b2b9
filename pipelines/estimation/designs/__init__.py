"""One module for each kind of design: from a frame and a design's choices to an estimate with what stands beside it.

Belongs here: which engine leads, which stand beside it, the estimand in a sentence, refusals. The engines themselves
are functions of arrays in the other modules of pipelines.estimation.
"""
