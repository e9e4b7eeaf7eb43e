/**
 * @file log_word.h  A name of somebody's choice as the value of a pair: name=acme, name="a \"b\""
 *
 * As in records: quoted when it has a blank, a quote, a backslash, an equals sign or anything
 * beyond printable ASCII, with \" and \\ and, for the last, \u00xx; else bare.
 */
#pragma once

enum {
	LOG_WORD_MAX = 140, /**< longest text, bytes; the rest is cut off: a tenant and a trunk */
	LOG_WORD_SIZE = 6 * LOG_WORD_MAX + 3,
};

/** @return `out` */
const char *log_word(const char *text, char out[LOG_WORD_SIZE]);
