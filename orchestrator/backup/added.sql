copy (select {columns} from only {table} where {hash} = any({changed}::bytea [])) to stdout
