"""Everybody a node must not believe: a seeder in wrong hands, a relay on the way, a peer that sends rubbish."""
