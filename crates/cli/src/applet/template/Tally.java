package {{package}};

/** A total that never passes its limit. It knows no card, so any Java machine can test it. */
public final class Tally {
    private final short limit;
    private short total;

    public Tally(short limit) {
        this.limit = limit;
    }

    /** Adds, or does nothing and says so. */
    public boolean add(short amount) {
        if (amount < 0 || amount > (short) (limit - total)) {
            return false;
        }
        total += amount;
        return true;
    }

    public short total() {
        return total;
    }
}
