"""A second opinion: the TUF client workflow over our envelopes, and their making, from the specifications alone.

Shares nothing with the programs but the schema (proto/schema). Signatures are checked and made by python3-cryptography.
client.py judges, forge.py signs: what is right, and everything that is wrong."""
