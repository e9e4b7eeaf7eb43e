/*
 * A date that is accepted prints as it was, but for the name of the day, which
 * nobody checks; a second that prints is read back as itself.
 */
#include "shaken/date.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_second(int64_t second)
{
	char text[SK_DATE_SIZE];
	int64_t back;

	if (!sk_date_print(second, text))
		return;

	must(strlen(text) == SK_DATE_SIZE - 1);
	must(sk_date_parse(sk_span_of(text), &back) && back == second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span text = { (const char *)data, size };
	char again[SK_DATE_SIZE];
	int64_t second;

	if (sk_date_parse(text, &second)) {
		must(sk_date_print(second, again));
		must(memcmp(text.ptr + 3, again + 3, SK_DATE_SIZE - 1 - 3) == 0);
	}
	if (size == sizeof(second)) {
		memcpy(&second, data, sizeof(second));
		check_second(second);
		check_second((int64_t)((uint64_t)second % UINT64_C(253402300800)));
	}

	return 0;
}
