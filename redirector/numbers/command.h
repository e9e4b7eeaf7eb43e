/**
 * @file command.h  `shaken-redirector numbers import|export|lookup|stats`
 */
#pragma once

/** @param argv  From the word behind `numbers` on.  @return the exit status: 0 done, 1 no, 2 wrong
 * use, 3 our own fault */
int numbers_command(int argc, char **argv);
