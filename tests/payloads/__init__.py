"""Payloads that three other projects keep for their own tests, against our dialects.

- `records`  reads the files, a part for every answer and every frame
- `sorting`  says of every part what becomes of it, and why
- `facts`    what a payload says, read without our dialects
"""
