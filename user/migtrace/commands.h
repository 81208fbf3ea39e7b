/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * commands.h - the tool's subcommands; one with parts has a folder of its name
 */
#ifndef COMMANDS_H
#define COMMANDS_H

int cmd_doctor(int argc, char **argv);
int cmd_guard(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_hot(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_predict(int argc, char **argv);
int cmd_pull(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_release(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_simulate(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_tournament(int argc, char **argv);
int cmd_train(int argc, char **argv);

#endif
