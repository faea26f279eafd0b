/* cmocka for tests without a database. */
#ifndef STOA_TESTS_CASES_H
#define STOA_TESTS_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* cmocka's fail() and ours share a name. */
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error("ERROR: "), print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#endif
