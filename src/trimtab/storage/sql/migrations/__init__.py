"""How tables of an older Trimtab become today's; run by `trimtab storage upgrade`.

One file per schema version, frozen once released: a later version is a new file, and its name goes
to the end of `trimtab.storage.sql.schema.REVISIONS`.
"""
