import {{package}}.Tally;

/** java -cp build/classes test/TallyTest.java, after purse applet build --classes build/classes */
public class TallyTest {
    public static void main(String[] arguments) {
        Tally tally = new Tally((short) 1000);
        expect(tally.add((short) 400), "400 fits");
        expect(tally.add((short) 600), "600 more fits");
        expect(!tally.add((short) 1), "1 more is too much");
        expect(!tally.add((short) -1), "less than nothing is refused");
        expect(tally.total() == 1000, "the total is 1000");
        System.out.println("Tally: ok");
    }

    private static void expect(boolean right, String what) {
        if (!right) {
            throw new AssertionError(what);
        }
    }
}
