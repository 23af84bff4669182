"""Suites that hold a storage, sampler, scheduler or executor to the promises of its kind."""
