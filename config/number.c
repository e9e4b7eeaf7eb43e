/*
 * Numbers with units.  A unit is never left away where there are several: "60"
 * for a minute and "60" for a twentieth of a second must not look the same.
 */
#include "config/number.h"

#include <string.h>

struct unit {
	const char *name;
	int64_t factor;
	bool read_only; /* never printed: 60s and 24h are what people expect to see again */
};

static const struct unit counts[] = { { "", 1, false }, { NULL, 0, false } };

/* From the largest to the smallest: printing takes the first that divides. */
static const struct unit sizes[] = {
	{ "GiB", 1 << 30, false }, { "MiB", 1 << 20, false }, { "KiB", 1 << 10, false },
	{ "", 1, false },          { NULL, 0, false },
};
static const struct unit seconds[] = {
	{ "d", 86400, true }, { "h", 3600, false }, { "m", 60, true },
	{ "s", 1, false },    { NULL, 0, false },
};
static const struct unit millis[] = {
	{ "m", 60000, true },
	{ "s", 1000, false },
	{ "ms", 1, false },
	{ NULL, 0, false },
};

static const struct unit *units_of(enum conf_type type)
{
	if (type == CONF_SIZE)
		return sizes;
	if (type == CONF_SECONDS)
		return seconds;
	if (type == CONF_MILLIS)
		return millis;
	return counts;
}

const char *number_form(enum conf_type type)
{
	if (type == CONF_SIZE)
		return "a number of bytes, or with KiB, MiB or GiB, such as 16KiB";
	if (type == CONF_SECONDS)
		return "a whole number with s, m, h or d, such as 60s";
	if (type == CONF_MILLIS)
		return "a whole number with ms, s or m, such as 300ms";
	return type == CONF_COUNT ? "a whole number or auto" : "a whole number";
}

bool number_parse(enum conf_type type, const char *text, int64_t *out)
{
	const struct unit *unit = units_of(type);
	size_t digits = strspn(text, "0123456789");
	int64_t n = 0;

	/* ten digits hold every limit there is, in its smallest unit */
	if (digits == 0 || digits > 10 || (digits > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (text[i] - '0');

	while (unit->name && strcmp(unit->name, text + digits) != 0)
		unit++;
	if (!unit->name || __builtin_mul_overflow(n, unit->factor, &n))
		return false;
	*out = n;
	return true;
}

void number_print(enum conf_type type, int64_t value, struct sk_buf *out)
{
	const struct unit *unit = units_of(type);

	if (type == CONF_COUNT && value == 0) {
		sk_buf_puts(out, "auto");
		return;
	}
	while (unit->read_only || (unit->factor > 1 && (value == 0 || value % unit->factor != 0)))
		unit++;
	sk_buf_printf(out, "%lld%s", (long long)(value / unit->factor), unit->name);
}
