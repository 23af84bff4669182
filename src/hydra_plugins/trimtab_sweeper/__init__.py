"""Trimtab as a sweeper of Hydra's: ``hydra/sweeper: trimtab``.

Hydra imports every module of a plugin whose name does not begin with an underscore, in every
program: `trimtab_sweeper` is the only one, and loads nothing but Hydra until a sweep begins.
"""
