check_PROGRAMS += tests/torture/torture
tests_torture_torture_SOURCES = tests/torture/clients.c tests/torture/kinds.c tests/torture/ledger.c tests/torture/torture.c tests/torture/torture.h
