/**
 * @file csv.h  A line of numbers as people write it: comma-separated, with a header line
 *
 *   tenant,list,customer,first,last,attest,credential,from,until
 *
 * Columns in any order; only `first` must be there (and `tenant`, unless it is said
 * elsewhere).  Quoting by RFC 4180, but no value spans lines.
 */
#pragma once

#include "redirector/numbers/format.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	CSV_LINE_MAX = 1024,
	CSV_WHY_SIZE = 256,
};

enum csv_column {
	CSV_TENANT,
	CSV_LIST,
	CSV_CUSTOMER,
	CSV_FIRST,
	CSV_LAST,
	CSV_ATTEST,
	CSV_CREDENTIAL,
	CSV_FROM,
	CSV_UNTIL,
	CSV_COLUMNS,
};

/** The order of the columns in one file. */
struct csv_header {
	enum csv_column columns[CSV_COLUMNS];
	size_t count;
};

/** Can a tenant be called so: A-Z a-z 0-9 . _ -, at most 64, or "*"? */
SK_MUSTCHECK
bool csv_is_tenant(const char *name);

/** One line, read. */
struct csv_entry {
	char tenant[NUMBERS_NAME_SIZE];
	enum list_kind list;
	uint8_t digits;
	uint64_t first, last;
	struct rule rule;
};

/** @param tenant  Whose all lines are; NULL: the column says it */
SK_MUSTCHECK
bool csv_header_read(struct sk_span line, const char *tenant, struct csv_header *out,
		     char why[CSV_WHY_SIZE]);

/**
 * Read a line: number with or without "+", never with a 0 in front; last empty: one number; list
 * empty: number; attest empty: A; dates YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ, until a day: its end.
 */
SK_MUSTCHECK
bool csv_entry_read(const struct csv_header *header, struct sk_span line, const char *tenant,
		    struct csv_entry *out, char why[CSV_WHY_SIZE]);

/** Is there nothing on it but white space, or a comment ("# ...")? */
SK_MUSTCHECK
bool csv_is_empty(struct sk_span line);

/** The header line that csv_entry_print() goes with. */
extern const char csv_header_text[];

enum {
	CSV_TEXT_SIZE = 512, /**< room for a printed entry */
};

/** Prints what csv_entry_read() reads to the same, its end of line included. */
void csv_entry_print(const struct csv_entry *entry, char out[CSV_TEXT_SIZE]);
