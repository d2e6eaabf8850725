/** The program's name, as it stands before its own messages. */
export const PROGRAM = 'iterscope';
