def told(rows):
    for each in rows:
        print each
