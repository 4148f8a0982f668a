/** `npm run test:whole` plays and compares everything; `npm test` a part of it, so that it ends in half an hour on two cores. */
export const WHOLE = process.env.GLASSBOX_TESTS === "whole";
