module halfway

go 1.26
