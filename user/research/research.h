/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * research.h - the subcommands of migtrace-research, each with parts in a folder of its name
 */
#ifndef RESEARCH_H
#define RESEARCH_H

int cmd_campaign(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_evaluate(int argc, char **argv);
int cmd_policies(int argc, char **argv);

#endif
