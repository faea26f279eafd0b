lib_libstoa_a_SOURCES += \
	lib/retention/adaptive.c \
	lib/retention/adaptive.h \
	lib/retention/apply.c \
	lib/retention/batch.c \
	lib/retention/batch.h \
	lib/retention/branding.c \
	lib/retention/branding.h \
	lib/retention/change.c \
	lib/retention/change.h \
	lib/retention/condition.c \
	lib/retention/condition.h \
	lib/retention/condition_parts.h \
	lib/retention/condition_sql.c \
	lib/retention/condition_words.c \
	lib/retention/consent.c \
	lib/retention/consent.h \
	lib/retention/experiment.c \
	lib/retention/experiment.h \
	lib/retention/experiment_result.c \
	lib/retention/experiment_result.h \
	lib/retention/experiment_store.c \
	lib/retention/experiment_store.h \
	lib/retention/coupon.c \
	lib/retention/coupon.h \
	lib/retention/eligibility.c \
	lib/retention/eligibility.h \
	lib/retention/flow.c \
	lib/retention/flow.h \
	lib/retention/flow_file.c \
	lib/retention/flow_file.h \
	lib/retention/flow_language.c \
	lib/retention/flow_parts.h \
	lib/retention/flow_review.c \
	lib/retention/flow_rules.c \
	lib/retention/flow_store.c \
	lib/retention/flow_table.c \
	lib/retention/flow_template.c \
	lib/retention/hand.c \
	lib/retention/ledger.c \
	lib/retention/ledger.h \
	lib/retention/privacy.c \
	lib/retention/privacy.h \
	lib/retention/report.c \
	lib/retention/report.h \
	lib/retention/retention.h \
	lib/retention/rules.c \
	lib/retention/sequential.c \
	lib/retention/sequential.h \
	lib/retention/segment.c \
	lib/retention/segment.h \
	lib/retention/signature.c \
	lib/retention/starter.c \
	lib/retention/token.c \
	lib/retention/welcome.c

RETENTION_TESTS = tests/retention/rules_test tests/retention/flow_test tests/retention/flow_file_test tests/retention/token_test tests/retention/change_test \
	tests/retention/stripe_test
check_PROGRAMS += $(RETENTION_TESTS)
TESTS += $(RETENTION_TESTS)
tests_retention_rules_test_SOURCES = tests/retention/rules_test.c tests/retention/cases.h
tests_retention_rules_test_CFLAGS = $(CHECK_CFLAGS)
tests_retention_rules_test_LDADD = $(CHECK_LDADD)
tests_retention_flow_test_SOURCES = tests/retention/flow_test.c tests/retention/cases.h
tests_retention_flow_test_CFLAGS = $(CHECK_CFLAGS)
tests_retention_flow_test_LDADD = $(CHECK_LDADD)
tests_retention_flow_file_test_SOURCES = tests/retention/flow_file_test.c tests/retention/cases.h
tests_retention_flow_file_test_CFLAGS = $(CHECK_CFLAGS)
tests_retention_flow_file_test_LDADD = $(CHECK_LDADD)
tests_retention_token_test_SOURCES = tests/retention/token_test.c tests/retention/cases.h
tests_retention_token_test_CFLAGS = $(CHECK_CFLAGS)
tests_retention_token_test_LDADD = $(CHECK_LDADD)
tests_retention_change_test_SOURCES = tests/retention/change_test.c tests/retention/cases.h
tests_retention_change_test_CFLAGS = $(CHECK_CFLAGS)
tests_retention_change_test_LDADD = $(CHECK_LDADD)
tests_retention_stripe_test_SOURCES = tests/retention/stripe_test.c tests/retention/cases.h
tests_retention_stripe_test_CFLAGS = $(CHECK_CFLAGS)
tests_retention_stripe_test_LDADD = $(CHECK_LDADD)

check_PROGRAMS += tests/retention/apply_dbtest
TESTS += tests/retention/apply_dbtest
tests_retention_apply_dbtest_SOURCES = tests/retention/apply_dbtest.c tests/lib/standin.h tests/widget/client.h tests/lib/database.h
tests_retention_apply_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_retention_apply_dbtest_LDADD = $(CHECK_LDADD)

check_PROGRAMS += tests/retention/batch_dbtest
TESTS += tests/retention/batch_dbtest
tests_retention_batch_dbtest_SOURCES = tests/retention/batch_dbtest.c tests/lib/database.h
tests_retention_batch_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_retention_batch_dbtest_LDADD = $(CHECK_LDADD)

EXPERIMENT_TESTS = tests/retention/experiment_test tests/retention/sequential_test tests/retention/sequential_simulation
check_PROGRAMS += $(EXPERIMENT_TESTS)
TESTS += $(EXPERIMENT_TESTS)
tests_retention_experiment_test_SOURCES = tests/retention/experiment_test.c tests/retention/cases.h
tests_retention_experiment_test_CFLAGS = $(CHECK_CFLAGS)
tests_retention_experiment_test_LDADD = $(CHECK_LDADD)
tests_retention_sequential_test_SOURCES = tests/retention/sequential_test.c tests/retention/cases.h
tests_retention_sequential_test_CFLAGS = $(CHECK_CFLAGS)
tests_retention_sequential_test_LDADD = $(CHECK_LDADD)
tests_retention_sequential_simulation_SOURCES = tests/retention/sequential_simulation.c

check_PROGRAMS += tests/retention/condition_test
TESTS += tests/retention/condition_test
tests_retention_condition_test_SOURCES = tests/retention/condition_test.c tests/retention/cases.h
tests_retention_condition_test_CFLAGS = $(CHECK_CFLAGS)
tests_retention_condition_test_LDADD = $(CHECK_LDADD)

check_PROGRAMS += tests/retention/adaptive_test
TESTS += tests/retention/adaptive_test
tests_retention_adaptive_test_SOURCES = tests/retention/adaptive_test.c tests/retention/cases.h
tests_retention_adaptive_test_CFLAGS = $(CHECK_CFLAGS)
tests_retention_adaptive_test_LDADD = $(CHECK_LDADD)

check_PROGRAMS += tests/retention/eligibility_test
TESTS += tests/retention/eligibility_test
tests_retention_eligibility_test_SOURCES = tests/retention/eligibility_test.c tests/retention/cases.h
tests_retention_eligibility_test_CFLAGS = $(CHECK_CFLAGS)
tests_retention_eligibility_test_LDADD = $(CHECK_LDADD)

check_PROGRAMS += tests/retention/condition_dbtest
TESTS += tests/retention/condition_dbtest
tests_retention_condition_dbtest_SOURCES = tests/retention/condition_dbtest.c tests/lib/database.h
tests_retention_condition_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_retention_condition_dbtest_LDADD = $(CHECK_LDADD)
check_PROGRAMS += tests/retention/branding_test
TESTS += tests/retention/branding_test
tests_retention_branding_test_SOURCES = tests/retention/branding_test.c
tests_retention_branding_test_CFLAGS = $(CHECK_CFLAGS)
tests_retention_branding_test_LDADD = $(CHECK_LDADD)
