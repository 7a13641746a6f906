"""Replay: rows that one model has answered already, asked of another, and how far the answers are apart."""
