/* Included and not used: square roots come by the vector operations. */
